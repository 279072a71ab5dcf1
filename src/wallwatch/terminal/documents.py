"""The JSON documents that the terminal view is drawn from, decoded once. Other fields are ignored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from wallwatch.model.changepoint import Interval
from wallwatch.model.incident import Counts, Kind, State
from wallwatch.model.view import Note, Strip

Document: TypeAlias = Mapping[str, Any]  # one element of an API answer, decoded from JSON


class IncidentLine(Struct, frozen=True, kw_only=True):
    """What the view shows of an incident line."""

    id: str
    kind: Kind
    state: State
    functions: tuple[str, ...]
    onset: Interval
    end: Interval | None
    mechanisms: tuple[str, ...]
    counts: Counts
    service: str | None = None
    service_name: str = ""
    headline: str = ""  # the API's one-line summary; empty where the document comes from elsewhere
    proven: int = 0  # 0: "blocked" may not be said


class Picture(Struct, frozen=True, kw_only=True):
    """All of what one frame shows."""

    title: str
    page_url: str
    round: int
    total: int
    instant: datetime | None  # None: before the first round
    strips: tuple[Strip, ...]
    incidents: tuple[IncidentLine, ...]
    log: tuple[Note, ...]


def strips_of(documents: Iterable[Document]) -> tuple[Strip, ...]:
    """Decode `/api/v1/strips`. Raises msgspec.ValidationError where a document has another shape."""
    return msgspec.convert(list(documents), tuple[Strip, ...])


def incidents_of(documents: Iterable[Document]) -> tuple[IncidentLine, ...]:
    """Decode `/api/v1/incidents`. Raises msgspec.ValidationError."""
    return msgspec.convert(list(documents), tuple[IncidentLine, ...])


def notes_of(documents: Iterable[Document]) -> tuple[Note, ...]:
    """Decode `/api/v1/log`. Raises msgspec.ValidationError."""
    return msgspec.convert(list(documents), tuple[Note, ...])

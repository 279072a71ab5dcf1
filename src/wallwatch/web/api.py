"""The JSON API under /api/v1. Read-only, UTC, one query of the Reader a request."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, HTTPException, Query, Response

from wallwatch.model.times import from_text
from wallwatch.web import documents
from wallwatch.web.reader import Reader

_ENCODER = msgspec.json.Encoder()


def routes(reader: Reader) -> APIRouter:
    """All API routes over one reader."""
    api = APIRouter(prefix="/api/v1", default_response_class=Response)

    @api.get("/status")
    def status() -> Response:
        """Scenario or wall time, how much there is, and the revision that browsers poll."""
        return _json(reader.status())

    @api.get("/incidents")
    def incidents() -> Response:
        """Every incident as a line of the contract, newest onset first."""
        return _json([documents.incident_line(listed) for listed in reader.incidents()])

    @api.get("/incidents/{incident_id}")
    def incident(incident_id: str) -> Response:
        """One incident with its evidence."""
        found = reader.incident(incident_id)
        if found is None:
            raise HTTPException(404, f"There is no incident {incident_id!r}.")
        return _json(documents.dossier(found))

    @api.get("/strips")
    def strips(since: str | None = None, until: str | None = None) -> Response:
        """Every series as slots; `since` and `until` are RFC 3339 times."""
        return _json(reader.strips(_time("since", since), _time("until", until)))

    @api.get("/log")
    def log(after: Annotated[int, Query(ge=0)] = 0) -> Response:
        """What was noticed and concluded after line number `after`."""
        return _json(reader.log(after))

    @api.get("/vantages")
    def vantages() -> Response:
        """Probes and controls, their last word and their silences."""
        return _json(reader.vantages())

    @api.get("/measurements/{measurement_uid}")
    def measurement(measurement_uid: str) -> Response:
        """One measurement as archived, with its verdicts."""
        found = reader.measurement(measurement_uid)
        if found is None:
            raise HTTPException(404, f"There is no measurement {measurement_uid!r}.")
        return _json(documents.facts(found))

    return api


def _time(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return from_text(text)
    except ValueError as error:
        raise HTTPException(422, f"{name} is not a time like 2017-09-20T02:00:00Z: {text!r}") from error


def _json(value: object) -> Response:
    return Response(_ENCODER.encode(value), media_type="application/json")

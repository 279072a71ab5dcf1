"""The first stage over archived lines: decode, observe. Pure; in batches, so that processes can share it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from wallwatch.lake.described import Described, described
from wallwatch.model.observation import Observation
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.observe import observe
from wallwatch.pipeline.unreadable import Unreadable

# The reason of what tripped our own code: a bug to be reported, never a finding
DEFECT = "defect of wallwatch"


class Kept(Struct, frozen=True):
    """An archived line and what the archive knows of it."""

    line: bytes
    uid: str
    bare: bool


class Looked(Struct, frozen=True, tag=True):
    """What one line holds."""

    described: Described
    observations: list[Observation]


class Failed(Struct, frozen=True, tag=True):
    """A line that could not be read, and why."""

    kept: Kept
    reason: str
    detail: str


Answer: TypeAlias = Looked | Failed


def look_at_all(batches: Iterable[Sequence[Kept]]) -> Iterator[list[Answer]]:
    """One list of answers a batch, in order."""
    return map(look, batches)


def look(batch: Sequence[Kept]) -> list[Answer]:
    """One answer a line, in their order."""
    return [_look_at(kept) for kept in batch]


def _look_at(kept: Kept) -> Answer:
    try:
        measurement = decode(kept.line, kept.uid)
        return Looked(described(measurement, bare=kept.bare), observe(measurement))
    except Unreadable as unreadable:
        return Failed(kept, unreadable.reason.value, "it was archived and cannot be read")
    except Exception as error:  # noqa: BLE001 (outer edge of one measurement: quarantined, never a verdict)
        return Failed(kept, DEFECT, f"{type(error).__name__}: {error}")

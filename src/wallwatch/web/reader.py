"""The joint between pages and store: what the pages ask, as a Protocol. The types are in model/view.py.

`station/reader.py` implements it over the lake; tests over made-up values. It does not say how a store finds
its answers. Handlers run in a thread pool: every method may be called from several threads at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from wallwatch.model.view import (
    Dossier,
    Facts,
    Listed,
    Note,
    Overview,
    Status,
    Strip,
    VantageReport,
)

MAX_SLOTS = 96  # an answer of `strips` holds at most so many buckets, the latest ones
MAX_NOTES = 500  # and one of `log` at most so many lines, the latest ones


class Reader(Protocol):
    """Read-only questions about one station's conclusions."""

    def status(self) -> Status:
        """How much there is, and the revision that tells a browser whether to look again. Cheap."""

    def overview(self) -> Overview:
        """The front page."""

    def incidents(self) -> tuple[Listed, ...]:
        """All incidents, newest onset first."""

    def incident(self, incident_id: str) -> Dossier | None:
        """One incident with its evidence; None where there is none of that id."""

    def measurement(self, measurement_uid: str) -> Facts | None:
        """One measurement as archived with its verdicts; None where there is none of that uid."""

    def strips(self, since: datetime | None, until: datetime | None) -> tuple[Strip, ...]:
        """Every series, `since` <= slot start < `until` (None: open), sorted by country, service, function,
        network. All strips have the same slots: one for each hour in which any vantage measured anything,
        with outcome None where this series has no verdict in it; the latest MAX_SLOTS of them."""

    def log(self, after: int) -> tuple[Note, ...]:
        """Lines whose number is above `after`, oldest first, the latest MAX_NOTES of them."""

    def vantages(self) -> tuple[VantageReport, ...]:
        """Probes and controls, by country, network, name."""


__all__ = [
    "MAX_NOTES",
    "MAX_SLOTS",
    "Dossier",
    "Facts",
    "Listed",
    "Note",
    "Overview",
    "Reader",
    "Status",
    "Strip",
    "VantageReport",
]

"""A changepoint: one series left one state for another, somewhere inside an interval."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Interval(Struct, frozen=True, kw_only=True, order=True):
    """Both ends belong to it. What happened, happened inside."""

    earliest: datetime
    latest: datetime


class SeriesKey(Struct, frozen=True, kw_only=True, order=True):
    """Service x function x network, all layers together: "reachable or not" decides onset and end."""

    probe_cc: str
    probe_asn: int
    service: str
    function: str


class Spell(Struct, frozen=True, kw_only=True):
    """A time during which a series was in a bad state: a changepoint in and, if it ended, one out."""

    series: SeriesKey
    kind: str  # block | outage | unexplained
    onset: Interval
    end: Interval | None  # None: it has not ended, as far as is known
    first_bad: datetime
    last_bad: datetime
    good_after: tuple[datetime, ...]  # good rounds since the last bad one, while too few to call it over
    bad_times: tuple[datetime, ...]
    proven_times: tuple[datetime, ...]
    mechanisms: dict[str, int]
    measurements: int
    blocked: int
    probes: int
    witnesses: tuple[str, ...]

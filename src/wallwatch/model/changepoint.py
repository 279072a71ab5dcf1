"""A changepoint: one series left one state for another, somewhere inside an interval.

Two changepoints, one in and (if it ended) one out, make a spell: that is what detectors give.
"""

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


class Sighting(Struct, frozen=True, kw_only=True):
    """One hour of a spell in which the series was seen to be bad."""

    time: datetime  # the first measurement of the hour that showed it
    proven: bool


class Flank(Struct, frozen=True, kw_only=True):
    """A side of a spell: the sighting that bounds it, the good rounds beyond, how often it shows there."""

    sighting: datetime
    goods: tuple[datetime, ...]  # the good rounds away from it, the nearest first
    shown: int  # in how many of the spell's rounds nearest to this side it showed, the bounding one left out
    hidden: int  # and in how many it did not


class Spell(Struct, frozen=True, kw_only=True):
    """A time during which a series was in a bad state."""

    series: SeriesKey
    kind: str  # "block" | "outage"
    before: Flank
    after: Flank
    onset: Interval
    end: Interval | None  # None: it has not ended, as far as is known
    end_known: datetime | None  # the good round that settled that it was over
    sightings: tuple[Sighting, ...]  # in order of time; never empty
    mechanisms: dict[str, int]  # verdicts by mechanism
    witnesses: tuple[str, ...]  # measurement uids, at most 20

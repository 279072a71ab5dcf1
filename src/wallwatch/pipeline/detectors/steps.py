"""The first detector: a step up when weighted evidence piles up, a step down when good rounds outweigh it.

Per series and per kind (block, outage) a one-sided CUSUM (Page 1954): an hour that shows the kind adds a
weight by how sure it is, an hour that was fine takes some away. A spell ends when the good rounds after its
last sighting would be unlikely if it went on at the rate seen so far. Onset and end are intervals: the
posterior of the change time under a uniform prior, given that rate. Hours with nothing but `unknown` say
nothing.

What it does not do: false-alarm rates set by the operator, diurnal baselines, throttling, counts without
networks. A better detector is a new file beside this one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import pairwise

from msgspec import Struct

from wallwatch.model.cell import Cell
from wallwatch.model.changepoint import Interval, SeriesKey, Sighting, Spell
from wallwatch.pipeline.series import MAX_WITNESSES, Point, series_of

# Natural logs of P(hour looks like this | kind) / P(... | not): stated priors until the lab gives the ratios.
WEIGHT_PROVEN = math.log(100.0)
WEIGHT_CONSISTENT = math.log(12.0)
WEIGHT_DOWN = math.log(6.0)  # two rounds: one may be the control's own hiccup
GOOD_BEFORE = math.log(2.0)  # an hour that was fine, while it is not known how often a block would show
ENTER = math.log(10.0)
LEAVE = 1.0 / 30.0  # good rounds this unlikely, were it still going on, end a spell
LEAST_GOOD = 2  # and never fewer than these
COVERAGE = 0.90  # of onset and end intervals
ALWAYS = 0.5  # prior that a spell shows in every round; else in any share of them, all alike
RATE_ROUNDS = 12  # the rate at a change is that of the nearest rounds, not of the whole spell
LONGEST_LOOK = 12  # rounds that an interval reaches back or forward at most


class Reading(Struct, frozen=True):
    """A point under the question of one kind: its weight (0: it was fine), and when."""

    point: Point
    weight: float


def _block_weight(point: Point) -> float | None:
    if point.proven:
        return WEIGHT_PROVEN
    if point.blocked:
        return WEIGHT_CONSISTENT
    return 0.0 if point.ok else None


def _outage_weight(point: Point) -> float | None:
    if point.down and not point.blocked:
        return WEIGHT_DOWN
    return 0.0 if point.ok or point.blocked else None


QUESTIONS: dict[str, Callable[[Point], float | None]] = {"block": _block_weight, "outage": _outage_weight}


def detect(cells: Iterable[Cell]) -> list[Spell]:
    """Every spell of every series, oldest first."""
    spells = [
        spell
        for series, points in series_of(cells).items()
        for kind, question in QUESTIONS.items()
        for spell in _spells(series, kind, _readings(points, question))
    ]
    return sorted(spells, key=lambda spell: (spell.onset, spell.series, spell.kind))


def _readings(points: list[Point], question: Callable[[Point], float | None]) -> list[Reading]:
    weighed = ((point, question(point)) for point in points)
    return [Reading(point, weight) for point, weight in weighed if weight is not None]


def _spells(series: SeriesKey, kind: str, readings: list[Reading]) -> list[Spell]:
    spells: list[Spell] = []
    start = 0
    while (first := _first_bad(readings, start)) is not None:
        after = _over_at(readings, first)
        stop = len(readings) if after is None else after + 1
        spells.append(_spell(series, kind, readings, (start, first, stop, after)))
        start = stop
    return spells


def _first_bad(readings: list[Reading], start: int) -> int | None:
    """Where the CUSUM that crosses the threshold last left zero."""
    total, left_zero = 0.0, None
    for index in range(start, len(readings)):
        weight = readings[index].weight
        if weight and left_zero is None:
            left_zero = index
        total = max(0.0, total + (weight or -GOOD_BEFORE))
        if total == 0.0:
            left_zero = None
        if total >= ENTER:
            return left_zero
    return None


def _over_at(readings: list[Reading], first: int) -> int | None:
    """The good round that makes it unlikely that the spell goes on; None while there is none."""
    last_bad = first
    for index in range(first + 1, len(readings)):
        if readings[index].weight:
            last_bad = index
            continue
        goods = index - last_bad
        if goods >= LEAST_GOOD and _showing(_nearest(readings, first, last_bad)).missed(goods) <= LEAVE:
            return index
    return None


class Showing(Struct, frozen=True):
    """What is known of how often a spell shows: in so many rounds it did, in so many it did not."""

    bad: int
    good: int

    def missed(self, rounds: int) -> float:
        """The probability that it shows in none of that many further rounds."""
        if rounds == 0:
            return 1.0
        always = ALWAYS if self.good == 0 else 0.0
        sometimes = (1.0 - ALWAYS) * _beta(1 + self.bad, 1 + self.good)
        missing = (1.0 - ALWAYS) * _beta(1 + self.bad, 1 + self.good + rounds)
        return missing / (always + sometimes)


def _beta(first: int, second: int) -> float:
    """Euler's beta function of whole numbers."""
    return math.exp(math.lgamma(first) + math.lgamma(second) - math.lgamma(first + second))


def _showing(readings: list[Reading]) -> Showing:
    """Learnt from the rounds inside a spell. The bounding one is bad by definition and is left out."""
    bad = sum(1 for reading in readings if reading.weight)
    return Showing(bad - 1, len(readings) - bad)


def _nearest(readings: list[Reading], first: int, last_bad: int) -> list[Reading]:
    """The last rounds of a spell, up to its last sighting."""
    return readings[max(first, last_bad + 1 - RATE_ROUNDS) : last_bad + 1]


def _spell(
    series: SeriesKey, kind: str, readings: list[Reading], bounds: tuple[int, int, int, int | None]
) -> Spell:
    start, first, stop, over = bounds
    inside = readings[first:stop]
    bad = [reading.point for reading in inside if reading.weight]
    last_bad = max(index for index in range(first, stop) if readings[index].weight)
    goods_after = [reading.point.first for reading in readings[last_bad + 1 : stop]]
    mechanisms: Counter[str] = Counter()
    for point in bad:
        mechanisms.update(point.mechanisms)
    return Spell(
        series=series,
        kind=kind,
        onset=_onset(
            readings, start, first, _showing(readings[first : min(last_bad + 1, first + RATE_ROUNDS)])
        ),
        end=None if over is None else _end(readings, first, last_bad),
        end_known=None if over is None else readings[over].point.first,
        sightings=tuple(Sighting(time=point.first, proven=point.proven > 0) for point in bad),
        good_since=goods_after[0] if goods_after else None,
        mechanisms=dict(sorted(mechanisms.items())),
        witnesses=_witnesses(bad),
    )


def _witnesses(bad: list[Point]) -> tuple[str, ...]:
    """Proven hours speak first; then by time."""
    ranked = sorted(bad, key=lambda point: (not point.proven, point.first))
    return tuple(dict.fromkeys(uid for point in ranked for uid in point.witnesses))[:MAX_WITNESSES]


def _onset(readings: list[Reading], start: int, first: int, showing: Showing) -> Interval:
    """Back from the first sighting over good rounds, each of which a block of this rate could have missed."""
    seen = readings[first].point.first
    begin = max(start - 1, first - LONGEST_LOOK, 0)  # the round that ended the spell before was good too
    goods = [reading.point.last for reading in readings[begin:first]]
    edges = [seen, *reversed(goods)]
    return Interval(earliest=_far_edge(edges, showing), latest=seen)


def _end(readings: list[Reading], first: int, last_bad: int) -> Interval:
    """Forward from the last sighting, likewise."""
    seen = readings[last_bad].point.last
    showing = _showing(_nearest(readings, first, last_bad))
    goods = [r.point.first for r in readings[last_bad + 1 : last_bad + 1 + LONGEST_LOOK] if not r.weight]
    return Interval(earliest=seen, latest=_far_edge([seen, *goods], showing))


def _far_edge(edges: list[datetime], showing: Showing) -> datetime:
    """The edge at which the gaps so far hold COVERAGE of the posterior; gap k was missed k times."""
    gaps = [abs((far - near).total_seconds()) for near, far in pairwise(edges)]
    masses = [gap * showing.missed(rounds) for rounds, gap in enumerate(gaps)]
    wanted, sofar = COVERAGE * sum(masses), 0.0
    for edge, mass in zip(edges[1:], masses, strict=True):
        sofar += mass
        if sofar >= wanted:
            return edge
    return edges[-1]


DETECTOR = detect

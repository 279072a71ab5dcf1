"""The first detector: a step up when weighted evidence piles up, a step down when good rounds outweigh it.

Per series and per kind (block, outage) a one-sided CUSUM (Page 1954): an hour that shows the kind adds a
weight by how sure it is, an hour that was fine takes some away. A spell ends when the good rounds after its
last sighting would be unlikely if it went on at the rate seen so far. Onset and end: see `change.py`.
Hours with nothing but `unknown` say nothing.

What it does not do: false-alarm rates set by the operator, diurnal baselines, throttling, counts without
networks. A better detector is a new file beside this one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import takewhile

from msgspec import Struct

from wallwatch.model.cell import Cell
from wallwatch.model.changepoint import Flank, SeriesKey, Sighting, Spell
from wallwatch.pipeline.change import end, missed, onset
from wallwatch.pipeline.series import MAX_WITNESSES, Point, series_of

# Natural logs of P(hour looks like this | kind) / P(... | not): stated priors until the lab gives the ratios.
WEIGHT_PROVEN = math.log(100.0)
WEIGHT_CONSISTENT = math.log(12.0)
WEIGHT_DOWN = math.log(6.0)  # two rounds: one may be the control's own hiccup
GOOD_BEFORE = math.log(2.0)  # an hour that was fine, while it is not known how often a block would show
ENTER = math.log(10.0)
LEAVE = 1.0 / 30.0  # good rounds this unlikely, were it still going on, end a spell
LEAST_GOOD = 2  # and never fewer than these
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
        flank = _after(readings, first, last_bad)
        goods = index - last_bad
        if goods >= LEAST_GOOD and missed(flank.shown, flank.hidden, goods) <= LEAVE:
            return index
    return None


def _before(readings: list[Reading], start: int, first: int, last_bad: int) -> Flank:
    """The round that ended the spell before was good too, hence one back from `start`."""
    goods = [r.point.last for r in readings[max(start - 1, first - LONGEST_LOOK, 0) : first]]
    shown, hidden = _showing(readings[first : min(last_bad + 1, first + RATE_ROUNDS)])
    return Flank(
        sighting=readings[first].point.first, goods=tuple(reversed(goods)), shown=shown, hidden=hidden
    )


def _after(readings: list[Reading], first: int, last_bad: int) -> Flank:
    beyond = readings[last_bad + 1 : last_bad + 1 + LONGEST_LOOK]
    shown, hidden = _showing(readings[max(first, last_bad + 1 - RATE_ROUNDS) : last_bad + 1])
    return Flank(
        sighting=readings[last_bad].point.last,
        goods=tuple(reading.point.first for reading in takewhile(lambda r: not r.weight, beyond)),
        shown=shown,
        hidden=hidden,
    )


def _showing(readings: list[Reading]) -> tuple[int, int]:
    """In how many rounds it showed and hid. The bounding one is bad by definition and is left out."""
    bad = sum(1 for reading in readings if reading.weight)
    return bad - 1, len(readings) - bad


def _spell(
    series: SeriesKey, kind: str, readings: list[Reading], bounds: tuple[int, int, int, int | None]
) -> Spell:
    start, first, stop, over = bounds
    inside = readings[first:stop]
    bad = [reading.point for reading in inside if reading.weight]
    last_bad = max(index for index in range(first, stop) if readings[index].weight)
    before, after = _before(readings, start, first, last_bad), _after(readings, first, last_bad)
    mechanisms: Counter[str] = Counter()
    for point in bad:
        mechanisms.update(point.mechanisms)
    return Spell(
        series=series,
        kind=kind,
        before=before,
        after=after,
        onset=onset([before]),
        end=None if over is None else end([after]),
        end_known=None if over is None else readings[over].point.first,
        sightings=tuple(Sighting(time=point.first, proven=point.proven > 0) for point in bad),
        mechanisms=dict(sorted(mechanisms.items())),
        witnesses=_witnesses(bad),
    )


def _witnesses(bad: list[Point]) -> tuple[str, ...]:
    """Proven hours speak first; then by time."""
    ranked = sorted(bad, key=lambda point: (not point.proven, point.first))
    return tuple(dict.fromkeys(uid for point in ranked for uid in point.witnesses))[:MAX_WITNESSES]


DETECTOR = detect

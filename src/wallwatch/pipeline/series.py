"""Cells joined into series: for each service x function x network, its hours in order of time.

Layers and resolvers are added up, since "reachable or not" over all layers decides onset and end
(on one real event a detector on one layer flapped six times, on any layer not once).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from wallwatch.model.cell import Cell
from wallwatch.model.changepoint import SeriesKey

MAX_WITNESSES = 20


class Point(Struct, frozen=True, kw_only=True):
    """One hour of one series."""

    first: datetime
    last: datetime
    ok: int
    down: int
    blocked: int
    proven: int
    unknown: int
    mechanisms: dict[str, int]
    witnesses: tuple[str, ...]


def series_of(cells: Iterable[Cell]) -> dict[SeriesKey, list[Point]]:
    """Group, add up, sort. The order of the cells does not matter."""
    hours: dict[tuple[SeriesKey, datetime], list[Cell]] = defaultdict(list)
    for cell in cells:
        key = cell.key
        series = SeriesKey(
            probe_cc=key.probe_cc, probe_asn=key.probe_asn, service=key.service, function=key.function
        )
        hours[series, key.hour].append(cell)
    joined: dict[SeriesKey, list[Point]] = defaultdict(list)
    for series, hour in sorted(hours):
        joined[series].append(_add_up(hours[series, hour]))
    return dict(joined)


def _add_up(cells: list[Cell]) -> Point:
    mechanisms: Counter[str] = Counter()
    for cell in cells:
        mechanisms.update(cell.mechanisms)
    return Point(
        first=min(cell.first for cell in cells),
        last=max(cell.last for cell in cells),
        ok=sum(cell.ok for cell in cells),
        down=sum(cell.down for cell in cells),
        blocked=sum(cell.blocked for cell in cells),
        proven=sum(cell.proven for cell in cells),
        unknown=sum(cell.unknown for cell in cells),
        mechanisms=dict(sorted(mechanisms.items())),
        witnesses=tuple(sorted({uid for cell in cells for uid in cell.witnesses}))[:MAX_WITNESSES],
    )

"""Verdict counts through time, one strip a series: from cells, pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from wallwatch.model.cell import Cell
from wallwatch.model.changepoint import SeriesKey
from wallwatch.model.outcome import Grade, Outcome, gravest
from wallwatch.model.view import Slot, Strip

HOUR = timedelta(hours=1)


def strips(
    cells: Iterable[Cell], hours: Sequence[datetime], networks: Mapping[int, str], services: Mapping[str, str]
) -> tuple[Strip, ...]:
    """Every series of the cells over the same hours (starts, oldest first)."""
    grouped: dict[SeriesKey, dict[datetime, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        key = cell.key
        series = SeriesKey(
            probe_cc=key.probe_cc, probe_asn=key.probe_asn, service=key.service, function=key.function
        )
        grouped[series][key.hour].append(cell)
    ordered = sorted(grouped, key=lambda one: (one.probe_cc, one.service, one.function, one.probe_asn))
    return tuple(
        Strip(
            cc=series.probe_cc,
            asn=series.probe_asn,
            network=networks.get(series.probe_asn, ""),
            service=series.service,
            service_name=services.get(series.service, series.service),
            function=series.function,
            slots=tuple(_slot(hour, grouped[series].get(hour, [])) for hour in hours),
        )
        for series in ordered
    )


def _slot(hour: datetime, cells: list[Cell]) -> Slot:
    judged = [pair for cell in cells for pair in _judged(cell)]
    outcome, grade = gravest(judged) if judged else (None, None)
    mechanisms: Counter[str] = Counter()
    for cell in cells:
        mechanisms.update(cell.mechanisms)
    common = mechanisms.most_common(1)
    return Slot(
        start=hour,
        end=hour + HOUR,
        outcome=outcome,
        grade=grade,
        ok=sum(cell.ok for cell in cells),
        down=sum(cell.down for cell in cells),
        blocked=sum(cell.blocked for cell in cells),
        unknown=sum(cell.unknown for cell in cells),
        proven=sum(cell.proven for cell in cells),
        mechanism=common[0][0] if common and outcome is Outcome.BLOCKED else None,
    )


def _judged(cell: Cell) -> list[tuple[Outcome, Grade | None]]:
    counts: list[tuple[int, Outcome, Grade | None]] = [
        (cell.ok, Outcome.OK, None),
        (cell.unknown, Outcome.UNKNOWN, None),
        (cell.down, Outcome.DOWN, None),
        (cell.blocked - cell.proven, Outcome.BLOCKED, Grade.CONSISTENT),
        (cell.proven, Outcome.BLOCKED, Grade.PROVEN),
    ]
    return [(outcome, grade) for count, outcome, grade in counts if count]

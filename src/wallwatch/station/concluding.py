"""Draw the conclusions anew when verdicts have changed: cells, incidents, silences, and their news."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from wallwatch.lake.lake import Lake
from wallwatch.lake.reading import Reading
from wallwatch.lake.tables import CELLS, INCIDENTS, SILENCES, VERDICTS, Table
from wallwatch.model.incident import Incident
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.detect import DETECTOR_VERSION
from wallwatch.pipeline.rules import RULES_VERSION
from wallwatch.pipeline.run import Conclusions, rebuild
from wallwatch.station.knowledge import Knowledge
from wallwatch.station.ledger import Ledger, Published
from wallwatch.station.news import news, told_of

CONCLUDED = "concluded from"  # the standing that says from what the tables' conclusions were drawn


class Verdicts:
    """All verdicts that conclusions can rest on, in memory, as long as nobody else writes that table."""

    def __init__(self, lake: Lake, reading: Reading) -> None:
        self._lake = lake
        self._reading = reading
        self._version: int | None = None
        self._by_measurement: dict[str, list[Verdict]] = {}

    def replace(self, gone: Collection[str], come: Iterable[Verdict]) -> None:
        """Write to the table: without the verdicts of these measurements, with those."""
        known = self._version is not None and self._version == self._lake.version(VERDICTS)
        come = list(come)
        self._lake.remove(VERDICTS, gone)
        self._lake.append(VERDICTS, come)
        if known:
            for uid in gone:
                self._by_measurement.pop(uid, None)
            self._remember(come)
            self._version = self._lake.version(VERDICTS)

    def all(self) -> list[Verdict]:
        """Every one that bears on a series or on a probe's silence."""
        version = self._lake.version(VERDICTS)
        if self._version != version:
            self._by_measurement = {}
            self._remember(self._reading.values(VERDICTS, "telling_verdicts"))
            self._version = version
        return [verdict for group in self._by_measurement.values() for verdict in group]

    def _remember(self, verdicts: Iterable[Verdict]) -> None:
        grouped: dict[str, list[Verdict]] = defaultdict(list)
        for verdict in verdicts:
            if verdict.service is not None or verdict.probe_id is not None:
                grouped[verdict.measurement_uid].append(verdict)
        for uid, group in grouped.items():
            self._by_measurement.setdefault(uid, []).extend(group)


class Concluding:
    """From the verdicts' table to the conclusions' tables and the ledger."""

    def __init__(self, lake: Lake, reading: Reading, ledger: Ledger, knowledge: Knowledge) -> None:
        self._lake = lake
        self._reading = reading
        self._ledger = ledger
        self._knowledge = knowledge
        self._written: dict[str, tuple[int, list[Any]]] = {}  # table -> its version and what we know is in it
        self.verdicts = Verdicts(lake, reading)

    def conclude(self) -> bool:
        """Whether there was something new to conclude from."""
        if self._ledger.standing(CONCLUDED) == self._basis():
            return False
        before = self._ledger.published()
        conclusions = rebuild(
            self.verdicts.all(),
            [one.incident for one in before],
            self._knowledge.owners,
            self._knowledge.version,
        )
        self._publish(before, conclusions)
        self._put(CELLS, conclusions.cells, "all_cells")
        self._put(INCIDENTS, conclusions.incidents, "all_incidents")
        self._put(SILENCES, conclusions.silences, "all_silences")
        self._lake.tidy()
        self._ledger.set_standing(CONCLUDED, self._basis())
        return True

    def _basis(self) -> str:
        parts = (self._lake.version(VERDICTS), RULES_VERSION, DETECTOR_VERSION, self._knowledge.version)
        return " ".join(str(part) for part in parts)

    def _publish(self, before: list[Published], conclusions: Conclusions) -> None:
        told = {one.incident.id: one.incident for one in before if not one.withdrawn}
        silences = self._ledger.silences()
        due = news(told, conclusions.incidents, silences, conclusions.silences)
        changed = _changed(told, conclusions.incidents)
        quiet = [told_of(silence) for silence in conclusions.silences]
        if changed or due or set(silences) != set(quiet):
            self._ledger.publish(changed, quiet, due)

    def _put(self, table: Table[Any], values: list[Any], query: str) -> None:
        """Write a table where it does not hold these values already."""
        version, there = self._written.get(table.name, (-2, []))
        if version != self._lake.version(table):
            there = self._reading.values(table, query)
        if _unordered(there) != _unordered(values) or self._lake.version(table) < 0:
            self._lake.overwrite(table, values)
        self._written[table.name] = (self._lake.version(table), values)


def _changed(told: dict[str, Incident], now: Iterable[Incident]) -> list[Published]:
    now = list(now)
    still = {incident.id for incident in now}
    changed = [Published(incident, False) for incident in now if told.get(incident.id) != incident]
    return changed + [Published(incident, True) for name, incident in told.items() if name not in still]


def _unordered(values: list[Any]) -> list[str]:
    return sorted(repr(value) for value in values)

"""The station's work: what is new in the archive goes through the pipeline into the tables.

A step may be broken off anywhere and done again: rows of a measurement are replaced, never doubled, and the
cursor goes in with the last of them. Delete lake/ and the next step makes the same tables again.
"""

from __future__ import annotations

import fcntl
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from msgspec import Struct

from wallwatch.archive.folder import DataFolder
from wallwatch.archive.quarantine import Quarantine, specimen
from wallwatch.archive.segments import Archive, Record
from wallwatch.lake.lake import Lake, SchemaError
from wallwatch.lake.reading import Reading
from wallwatch.lake.tables import EVIDENCE, MEASUREMENTS, OBSERVATIONS
from wallwatch.model.measurement import ROLE_CONTROL
from wallwatch.model.observation import Observation
from wallwatch.station import joining
from wallwatch.station.concluding import Concluding
from wallwatch.station.judging import judged
from wallwatch.station.knowledge import Knowledge
from wallwatch.station.ledger import Ledger
from wallwatch.station.looking import DEFECT, Answer, Failed, Kept, Looked, look_at_all

BATCH = 500  # measurements that go through the stages together
BATCH_BYTES = 32 << 20
ARCHIVE = "archive"  # the source that quarantine names
UNDER_WAY = "step under way"

Look: TypeAlias = Callable[[Iterable[list[Kept]]], Iterator[list[Answer]]]  # may work ahead


class Done(Struct, frozen=True):
    """What a step did."""

    measurements: int
    changed: bool  # whether conclusions were drawn again


class Station:
    """The one who writes to the lake of a data folder; another process doing so at the same time waits."""

    def __init__(
        self, folder: DataFolder, archive: Archive, knowledge: Knowledge, look: Look = look_at_all
    ) -> None:
        self._folder = folder
        self._archive = archive
        self._knowledge = knowledge
        self._look = look
        self._quarantine = Quarantine(folder.quarantine)
        self._ledger = Ledger(folder.station_db)
        self._lake, self._reading = _opened(folder)
        self._concluding = Concluding(self._lake, self._reading, self._ledger, knowledge)
        self._has_controls = False

    def close(self) -> None:
        self._reading.close()
        self._ledger.close()

    def step(self, progress: Callable[[int], None] = lambda _: None) -> Done:
        """Take in all that is new. `progress` is told how many measurements each time some are done."""
        with self._alone():
            cursor = self._lake.cursor(MEASUREMENTS, self._archive.generation)
            doubtful = self._was_broken_off() or (cursor == 0 and not self._lake.is_empty)
            done = 0
            for batch, answers in self._looked(_batches(self._archive.since(cursor))):
                if not done:
                    self._ledger.set_standing(UNDER_WAY, "yes")
                self._absorb(batch, answers, doubtful)
                done += len(batch)
                progress(len(batch))
            if done or doubtful:
                self._ledger.set_standing(UNDER_WAY, "no")
            return Done(done, self._concluding.conclude())

    def _was_broken_off(self) -> bool:
        return self._ledger.standing(UNDER_WAY) == "yes"

    def _looked(self, batches: Iterator[list[Record]]) -> Iterator[tuple[list[Record], list[Answer]]]:
        """Each batch with its answers; while one is written, the next ones may be looked at."""
        under_way: deque[list[Record]] = deque()

        def given() -> Iterator[list[Kept]]:
            for batch in batches:
                under_way.append(batch)
                yield [Kept(record.line, record.uid, record.bare) for record in batch]

        for answers in self._look(given()):
            yield under_way.popleft(), answers

    def _absorb(self, batch: list[Record], answers: list[Answer], doubtful: bool) -> None:
        """Through all stages. The cursor comes last: before it, all of this would be done again."""
        looked = self._readable(answers)
        rows = [row for one in looked for row in one.observations]
        older = {record.uid for record in batch if record.upgrade} | self._present(batch, doubtful)
        for table in (OBSERVATIONS, EVIDENCE, MEASUREMENTS):
            self._lake.remove(table, older)
        again = self._met_by_late_controls(rows, older)
        result = judged([*rows, *again], [*self._controls(rows, again), *rows], self._knowledge)
        self._lake.append(OBSERVATIONS, rows)
        anew = {row.measurement_uid for row in again}
        self._lake.remove(EVIDENCE, anew)
        self._lake.append(EVIDENCE, result.evidence)
        self._concluding.verdicts.replace(older | anew, result.verdicts)
        self._set_aside(result.tripped)
        cursor = (self._archive.generation, batch[-1].seq)
        self._lake.append(MEASUREMENTS, [one.described for one in looked], cursor)

    def _readable(self, answers: list[Answer]) -> list[Looked]:
        for failed in answers:
            if isinstance(failed, Failed):
                self._quarantine.keep(
                    specimen(failed.reason, failed.detail, ARCHIVE, failed.kept.uid, failed.kept.line)
                )
        return [one for one in answers if isinstance(one, Looked)]

    def _present(self, batch: list[Record], doubtful: bool) -> set[str]:
        """What a step that was broken off has written of these."""
        if not doubtful:
            return set()
        rows = self._reading.rows("present", uids=[record.uid for record in batch])
        return {row["measurement_uid"] for row in rows}

    def _met_by_late_controls(self, rows: list[Observation], without: set[str]) -> list[Observation]:
        """Observations of older probes' measurements that the controls among `rows` may concern."""
        if not any(row.vantage.role == ROLE_CONTROL for row in rows):
            return []
        self._has_controls = True
        here = without | {row.measurement_uid for row in rows}
        return [row for row in joining.probes_for(self._reading, rows) if row.measurement_uid not in here]

    def _controls(self, rows: list[Observation], again: list[Observation]) -> list[Observation]:
        """Observations of the controls in the lake that may concern these."""
        self._has_controls = self._has_controls or joining.has_controls(self._reading)
        return joining.controls_for(self._reading, [*rows, *again]) if self._has_controls else []

    def _set_aside(self, tripped: dict[str, str]) -> None:
        for uid, defect in tripped.items():
            record = self._archive.get(uid)
            if record is not None:
                self._quarantine.keep(specimen(DEFECT, defect, ARCHIVE, uid, record.line))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else steps on this folder meanwhile."""
        with self._folder.lock.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _opened(folder: DataFolder) -> tuple[Lake, Reading]:
    """The lake; tables of another version are thrown away, since the next step makes them again."""
    try:
        return Lake(folder.lake), Reading(folder.lake)
    except SchemaError:
        shutil.rmtree(folder.lake)
        return Lake(folder.lake), Reading(folder.lake)


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.line)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch

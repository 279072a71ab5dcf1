"""From verdicts to conclusions: cells, incidents, silences. Pure, so any of it can be made again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from wallwatch.model.cell import Cell
from wallwatch.model.incident import Incident, Versions
from wallwatch.model.measurement import ROLE_CONTROL, ROLE_PROBE
from wallwatch.model.silence import Silence
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.cells import tally
from wallwatch.pipeline.detect import DETECTOR_VERSION, detect
from wallwatch.pipeline.incidents import Surroundings, assemble
from wallwatch.pipeline.rules import RULES_VERSION
from wallwatch.pipeline.silences import silences


class Conclusions(Struct, frozen=True, kw_only=True):
    """What all the verdicts together say."""

    cells: list[Cell]
    incidents: list[Incident]
    silences: list[Silence]


def rebuild(
    verdicts: Iterable[Verdict],
    published: Iterable[Incident],
    owners: Mapping[str, str],
    reference_version: str,
) -> Conclusions:
    """Everything after the verdicts. `published`: the incidents given out before, for their ids."""
    rows = sorted(
        verdicts, key=lambda row: (row.measurement_start_time, row.measurement_uid, row.target or "")
    )
    cells = tally(rows, role=ROLE_PROBE)
    around = Surroundings(
        verdicts=_by_service(row for row in rows if row.role == ROLE_PROBE),
        controls=_by_service(row for row in rows if row.role == ROLE_CONTROL),
        owners=owners,
        versions=Versions(rules=RULES_VERSION, detector=DETECTOR_VERSION, reference=reference_version),
    )
    return Conclusions(
        cells=cells,
        incidents=assemble(detect(cells), published, around),
        silences=silences(rows),
    )


def _by_service(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    grouped: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.service:
            grouped[verdict.service].append(verdict)
    return dict(grouped)

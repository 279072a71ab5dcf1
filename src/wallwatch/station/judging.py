"""From observations to verdicts for a batch; a measurement that trips our own code is named, and why."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wallwatch.model.evidence import Evidence
from wallwatch.model.observation import Observation
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.evidence import by_measurement, gather
from wallwatch.pipeline.judge import judge
from wallwatch.station.knowledge import Knowledge


class Judged(Struct, frozen=True):
    """What came of a batch. `tripped`: measurement uid -> our defect."""

    evidence: list[Evidence]
    verdicts: list[Verdict]
    tripped: dict[str, str]


def judged(rows: Sequence[Observation], controls: Sequence[Observation], knowledge: Knowledge) -> Judged:
    """Evidence and verdicts of every measurement in `rows`."""
    try:
        return _judged(rows, controls, knowledge)
    except Exception:  # noqa: BLE001 (one of them; found out below)
        return _one_by_one(rows, controls, knowledge)


def _judged(rows: Sequence[Observation], controls: Sequence[Observation], knowledge: Knowledge) -> Judged:
    evidence = gather(rows, controls, knowledge.pools)
    return Judged(evidence, [judge(one, knowledge.version) for one in evidence], {})


def _one_by_one(rows: Sequence[Observation], controls: Sequence[Observation], knowledge: Knowledge) -> Judged:
    evidence: list[Evidence] = []
    verdicts: list[Verdict] = []
    tripped: dict[str, str] = {}
    for uid, own in by_measurement(rows).items():
        try:
            one = _judged(own, controls, knowledge)
        except Exception as error:  # noqa: BLE001 (outer edge of one measurement: never a verdict)
            tripped[uid] = f"{type(error).__name__}: {error}"
        else:
            evidence += one.evidence
            verdicts += one.verdicts
    return Judged(evidence, verdicts, tripped)

"""An incident's trials added up: one two-by-two table a function, the probe's and the control's. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from wallwatch.model.evidence import Evidence, TrialFacts
from wallwatch.model.view import ArmTally, TrialTally

Arm = tuple[str, str, str]  # role, payload, address


def trial_tallies(evidence: Iterable[Evidence]) -> tuple[TrialTally, ...]:
    """By function, in alphabetical order."""
    by_function: dict[str, list[tuple[int, TrialFacts]]] = defaultdict(list)
    for one in evidence:
        for trial in one.trials:
            by_function[one.function or ""].append((one.vantage.probe_asn, trial))
    return tuple(_tally(function, by_function[function]) for function in sorted(by_function))


def _tally(function: str, trials: list[tuple[int, TrialFacts]]) -> TrialTally:
    tried: Counter[Arm] = Counter()
    failed: Counter[Arm] = Counter()
    for _, trial in trials:
        for role, arms in (("probe", trial.probe), ("control", trial.control)):
            for arm in arms:
                tried[role, arm.payload, arm.address] += arm.n
                failed[role, arm.payload, arm.address] += arm.failed
    return TrialTally(
        function=function,
        trials=len({trial.id for _, trial in trials}),
        networks=len({asn for asn, _ in trials}),
        arms=tuple(
            ArmTally(
                role=arm[0],
                payload=arm[1],
                address=arm[2],
                failed=failed[arm],
                tried=tried[arm],
            )
            for arm in sorted(tried)
        ),
    )

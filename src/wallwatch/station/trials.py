"""An incident's trials added up: one two-by-two table a function, the probe's and the control's. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from wallwatch.model.evidence import Evidence
from wallwatch.model.view import ArmTally, TrialTally

Arm = tuple[str, str, str]  # role, payload, address


SERVICE_ARM = ("trigger", "service")  # the attempts at the service itself, by which the failure was noticed


def trial_tallies(evidence: Iterable[Evidence]) -> tuple[TrialTally, ...]:
    """By function, in alphabetical order."""
    by_function: dict[str, list[Evidence]] = defaultdict(list)
    for one in evidence:
        if one.trials:
            by_function[one.function or ""].append(one)
    return tuple(_tally(function, by_function[function]) for function in sorted(by_function))


def _tally(function: str, evidence: list[Evidence]) -> TrialTally:
    tried: Counter[Arm] = Counter()
    failed: Counter[Arm] = Counter()
    for arm, n, failures in (counted for one in evidence for counted in _counts(one)):
        tried[arm] += n
        failed[arm] += failures
    return TrialTally(
        function=function,
        trials=len({trial.id for one in evidence for trial in one.trials}),
        networks=len({one.vantage.probe_asn for one in evidence}),
        arms=tuple(
            ArmTally(role=arm[0], payload=arm[1], address=arm[2], failed=failed[arm], tried=tried[arm])
            for arm in sorted(tried)
        ),
    )


def _counts(evidence: Evidence) -> Iterator[tuple[Arm, int, int]]:
    """The arms of its trials, and the attempts at the service that went before them."""
    yield ("probe", *SERVICE_ARM), evidence.probe.attempts, evidence.probe.failed
    if evidence.control is not None:
        yield ("control", *SERVICE_ARM), evidence.control.attempts, evidence.control.failed
    for trial in evidence.trials:
        for role, arms in (("probe", trial.probe), ("control", trial.control)):
            for arm in arms:
                yield (role, arm.payload, arm.address), arm.n, arm.failed

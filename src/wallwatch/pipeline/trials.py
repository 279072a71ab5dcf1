"""Tally the trials of one target: the probe's arms, the control's under the same id, and the pairs.

A pair is one attempt of the trigger and one of the neutral bytes towards the neutral address, with the same
number: they ran side by side, so whatever the line did, it did to both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from wallwatch.model.evidence import PairTally, TrialArm, TrialFacts
from wallwatch.model.handshake import Address, Handshake, Payload, Trial
from wallwatch.model.observation import Observation
from wallwatch.pipeline.facts import count_failures


def trials_of(
    rows: Sequence[Observation], control_rows: Mapping[str, Sequence[Observation]]
) -> tuple[TrialFacts, ...]:
    """All trials among the rows, sorted by id."""
    grouped: dict[str, list[Observation]] = defaultdict(list)
    for row in rows:
        if row.handshake is not None and row.handshake.trial is not None:
            grouped[row.handshake.trial.id].append(row)
    return tuple(
        TrialFacts(
            id=trial_id,
            trigger_family=family_of(found),
            probe=arms_of(found),
            control=arms_of(control_rows.get(trial_id, ())),
            pairs=pairs_of(found),
        )
        for trial_id, found in sorted(grouped.items())
    )


def family_of(rows: Iterable[Observation]) -> str:
    """What the trigger's first flight is recognised by; "" where its attempts disagree."""
    families = {
        handshake.trigger_family
        for handshake, trial in attempts_of(rows)
        if trial.arm.payload is Payload.TRIGGER
    }
    return families.pop() if len(families) == 1 else ""


def attempts_of(rows: Iterable[Observation]) -> list[tuple[Handshake, Trial]]:
    """The trial attempts among the rows."""
    return [(row.handshake, row.handshake.trial) for row in rows if row.handshake and row.handshake.trial]


def arms_of(rows: Iterable[Observation]) -> tuple[TrialArm, ...]:
    """One tally for each arm that was tried."""
    grouped: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for row in rows:
        if row.handshake is not None and row.handshake.trial is not None:
            arm = row.handshake.trial.arm
            grouped[arm.payload.value, arm.address.value].append(row)
    return tuple(
        TrialArm(
            payload=payload,
            address=address,
            n=len(found),
            failed=sum(1 for row in found if row.failure is not None),
            failures=count_failures(row for row in found if row.failure is not None),
        )
        for (payload, address), found in sorted(grouped.items())
    )


def pairs_of(rows: Iterable[Observation]) -> PairTally:
    """Whole pairs at the neutral address. An attempt that is recorded twice counts as failed if either is."""
    failed: dict[Payload, dict[int, bool]] = {Payload.TRIGGER: {}, Payload.NEUTRAL: {}}
    for handshake, trial in attempts_of(rows):
        if trial.arm.address is Address.NEUTRAL:
            arm = failed[trial.arm.payload]
            arm[trial.attempt] = arm.get(trial.attempt, False) or handshake.failure is not None
    trigger, neutral = failed[Payload.TRIGGER], failed[Payload.NEUTRAL]
    whole = sorted(trigger.keys() & neutral.keys())
    return PairTally(
        pairs=len(whole),
        trigger_failed=sum(trigger[attempt] for attempt in whole),
        neutral_failed=sum(neutral[attempt] for attempt in whole),
    )

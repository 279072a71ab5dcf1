"""What the rules ask of trials: is the difference real, did the control pass, what failed how."""

from __future__ import annotations

from collections import Counter

from wallwatch.model.evidence import Evidence, TrialArm, TrialFacts
from wallwatch.model.handshake import Address, Payload
from wallwatch.model.mechanism import common_ancestor
from wallwatch.model.significance import fisher_p, is_significant
from wallwatch.pipeline.mechanisms import kind_of, trigger_node
from wallwatch.pipeline.reading import MINOR_SHARE, TRIES_NEEDED

CONTROL_TRIES = 4  # of each arm, before "the control passed" may be said
CONTROL_LOSS = 0.2  # share of the control's attempts that an ordinary line may lose
SUSPICION = 0.05  # one-sided Fisher: a difference that is no proof, and too large to say "ok" over
# Operations that fail before the bytes under suspicion are sent
BEFORE_PAYLOAD = frozenset({"resolve", "connect"})


def arm(arms: tuple[TrialArm, ...], payload: Payload, address: Address) -> TrialArm | None:
    """One arm, None where it was not tried."""
    return next((a for a in arms if a.payload == payload.value and a.address == address.value), None)


def share(one: TrialArm | None) -> float:
    """Failed of tried; 0 for an arm without attempts."""
    return one.failed / one.n if one is not None and one.n else 0.0


def differs(trial: TrialFacts, trials: int) -> bool:
    """The trigger fails more often than its neutral twin towards the neutral address: significant."""
    pairs = trial.pairs
    return is_significant(pairs.pairs, pairs.trigger_failed, pairs.neutral_failed, trials)


def control_passes(trial: TrialFacts) -> bool:
    """Both arms pass at the control, and the trigger far more often than at the probe."""
    probe = arm(trial.probe, Payload.TRIGGER, Address.NEUTRAL)
    trigger = arm(trial.control, Payload.TRIGGER, Address.NEUTRAL)
    neutral = arm(trial.control, Payload.NEUTRAL, Address.NEUTRAL)
    if trigger is None or neutral is None or min(trigger.n, neutral.n) < CONTROL_TRIES:
        return False
    return max(share(trigger), share(neutral)) <= CONTROL_LOSS and 2 * share(trigger) <= share(probe)


def proving(evidence: Evidence) -> list[TrialFacts]:
    """The trials that prove a block."""
    count = len(evidence.trials)
    return [trial for trial in evidence.trials if differs(trial, count) and control_passes(trial)]


def unsupported(evidence: Evidence) -> list[TrialFacts]:
    """Trials that differ, and whose control is missing or failed as well."""
    count = len(evidence.trials)
    return [trial for trial in evidence.trials if differs(trial, count) and not control_passes(trial)]


def suspicious(evidence: Evidence) -> list[TrialFacts]:
    """Trials that do not prove a difference and do not exclude one."""
    return [
        trial
        for trial in evidence.trials
        if not differs(trial, len(evidence.trials))
        and trial.pairs.trigger_failed > trial.pairs.neutral_failed
        and p_value(trial) <= SUSPICION
    ]


def p_value(trial: TrialFacts) -> float:
    """Fisher's, of the pairs as they are; only for saying "cannot be excluded"."""
    pairs = trial.pairs
    return fisher_p(pairs.pairs, pairs.trigger_failed, pairs.pairs, pairs.neutral_failed)


def spared_elsewhere(evidence: Evidence) -> list[TrialFacts]:
    """Trials whose trigger passed towards the neutral address every one of several times."""
    arms = ((trial, arm(trial.probe, Payload.TRIGGER, Address.NEUTRAL)) for trial in evidence.trials)
    return [trial for trial, sent in arms if sent is not None and sent.n >= TRIES_NEEDED and sent.failed == 0]


def trial_mechanism(evidence: Evidence) -> str | None:
    """What all proving trials show together: how the trigger failed, and what its family is."""
    nodes = [node for trial in proving(evidence) for node in nodes_of(trial)]
    return common_ancestor(tuple(nodes))


def nodes_of(trial: TrialFacts) -> list[str]:
    """One node for each common way in which the trigger failed towards the neutral address."""
    found = arm(trial.probe, Payload.TRIGGER, Address.NEUTRAL)
    counts: Counter[str] = Counter()
    for each in found.failures if found is not None else ():
        kind = kind_of(each.failure)
        if kind is not None and each.operation not in BEFORE_PAYLOAD:
            counts[kind] += each.count
    total = sum(counts.values())
    kinds = sorted(kind for kind, n in counts.items() if n >= MINOR_SHARE * total)
    return [trigger_node(trial.trigger_family, kind) for kind in kinds] if trial.trigger_family else []

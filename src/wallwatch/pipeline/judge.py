"""From evidence to a verdict: rules are asked in order, the first that fires decides, all are named."""

from __future__ import annotations

from functools import cache

from wallwatch.model.evidence import Evidence
from wallwatch.model.measurement import ROLE_CONTROL
from wallwatch.model.outcome import Outcome
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.reading import failing_layer, fraction_failed
from wallwatch.pipeline.rule import Rank, Rule, mechanism_of, sentence_of
from wallwatch.pipeline.rules import RULES_VERSION
from wallwatch.plugins import discover

# The order of layers within a rank: what speaks for the vantage before what speaks for the target.
LAYERS = ("record", "vantage", "trial", "dns", "tcp", "tls", "http", "proto", "service")

UNEXPLAINED = Rule(
    name="service.unexplained",
    rank=Rank.UNDECIDED,
    outcome=Outcome.UNKNOWN,
    when=lambda _evidence: True,
    because="what was recorded fits none of the rules",
)


@cache
def rules() -> tuple[Rule, ...]:
    """All rules of `rules/`, in the order in which they are asked."""
    files = discover("wallwatch.pipeline.rules", "RULES")
    placed = [
        (rule.rank, LAYERS.index(layer) if layer in LAYERS else len(LAYERS), layer, position, rule)
        for layer, found in files.items()
        for position, rule in enumerate(found)
    ]
    return tuple(rule for *_, rule in sorted(placed, key=lambda item: item[:4]))


def judge(evidence: Evidence, reference_version: str) -> Verdict:
    """One verdict for one Evidence. `reference_version`: the hash of the reference data in use."""
    fired = [rule for rule in rules() if may_speak(rule, evidence) and rule.when(evidence)] or [UNEXPLAINED]
    deciding = fired[0]
    blocked = deciding.outcome is Outcome.BLOCKED
    mechanism = mechanism_of(deciding, evidence) if blocked else None
    return Verdict(
        measurement_uid=evidence.measurement_uid,
        test_name=evidence.test_name,
        service=evidence.service,
        function=evidence.function,
        target=evidence.target,
        input=evidence.input,
        probe_cc=evidence.vantage.probe_cc,
        probe_asn=evidence.vantage.probe_asn,
        measurement_start_time=evidence.measurement_start_time,
        outcome=deciding.outcome,
        grade=deciding.grade if blocked else None,
        locus=deciding.locus if blocked else None,
        layer=layer_shown(evidence, deciding, mechanism),
        mechanism=mechanism,
        fraction=fraction_failed(evidence.probe),
        resolver_asn=evidence.vantage.resolver_asn,
        access_type=evidence.vantage.access_type,
        control_uid=control_uid_of(evidence),
        rules=tuple(rule.name for rule in fired),
        because=sentence_of(deciding, evidence),
        rules_version=RULES_VERSION,
        reference_version=reference_version,
        role=evidence.vantage.role,
        probe_id=evidence.vantage.probe_id,
        run_id=evidence.vantage.run_id,
        observation_ids=evidence.observation_ids,
        control_uids=evidence.control_uids,
        trial_ids=tuple(trial.id for trial in evidence.trials),
    )


def may_speak(rule: Rule, evidence: Evidence) -> bool:
    """Facts that nobody verified lead to `unknown` only; a control is never called blocked."""
    if evidence.unverified and rule.outcome is not Outcome.UNKNOWN:
        return False
    return not (evidence.vantage.role == ROLE_CONTROL and rule.outcome is Outcome.BLOCKED)


def layer_shown(evidence: Evidence, rule: Rule, mechanism: str | None) -> str | None:
    """Where it showed: the mechanism's layer, else that of the failing operation; None where all was fine."""
    if mechanism is not None:
        return mechanism.split(".")[0]
    return None if rule.outcome is Outcome.OK else failing_layer(evidence.probe)


def control_uid_of(evidence: Evidence) -> str | None:
    """The control's measurement; the probe's own where the control lies in its record."""
    if evidence.control_uids:
        return evidence.control_uids[0]
    return evidence.measurement_uid if evidence.control is not None else None

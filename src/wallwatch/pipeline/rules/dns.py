"""Names: forged answers, and look-ups that fail here and not at the control."""

from __future__ import annotations

from wallwatch.model.evidence import JOINED_IN_RECORD, Evidence
from wallwatch.model.outcome import Grade, Locus, Outcome
from wallwatch.pipeline.places import is_bogon, is_local_refusal
from wallwatch.pipeline.reading import attempt_mechanism, canaries_pass, claimed_mechanism, failed_at, works
from wallwatch.pipeline.rule import Rank, Rule
from wallwatch.pipeline.sentences import beside_control, layer_failures

# Addresses that a country's filter answers with, and nobody else does (Iran; Lange et al., FOCI 2025).
FORGED_ADDRESSES = frozenset({"10.10.34.34", "10.10.34.35", "10.10.34.36", "d0::11"})


def only_bogons(evidence: Evidence) -> bool:
    """All answers are addresses that cannot be on the public internet, and the control's are public."""
    control = evidence.control.answers if evidence.control is not None else ()
    return (
        not works(evidence.probe, evidence.pool)
        and bool(evidence.probe.answers)
        and all(is_bogon(address) for address in evidence.probe.answers)
        and any(not is_bogon(address) for address in control)
    )


def only_local_refusals(evidence: Evidence) -> bool:
    """All answers are loopback or 0.0.0.0."""
    return bool(evidence.probe.answers) and all(is_local_refusal(answer) for answer in evidence.probe.answers)


def lookups_failed(evidence: Evidence) -> bool:
    """Every look-up failed, and the control's did not."""
    return failed_at(evidence, "dns") and evidence.control is not None and bool(evidence.control.answers)


def lookup_mechanism(evidence: Evidence) -> str | None:
    """From the attempts where they say it, else from the queries."""
    if evidence.control_joined == JOINED_IN_RECORD:
        return claimed_mechanism(evidence.probe.dns.failures)
    return attempt_mechanism(evidence)


def lookup_sentence(evidence: Evidence) -> str:
    """OONI's records have no canaries to speak of."""
    if evidence.control_joined == JOINED_IN_RECORD:
        return f"{layer_failures(evidence.probe)}, while the test helper resolved the name and got the page"
    return beside_control(evidence)


RULES = (
    Rule(
        name="dns.forged_address",
        rank=Rank.PROVEN,
        outcome=Outcome.BLOCKED,
        mechanism="dns.injection.bogon",
        grade=Grade.PROVEN,
        locus=Locus.NETWORK,
        when=lambda e: only_bogons(e) and set(e.probe.answers) <= FORGED_ADDRESSES,
        because=lambda e: (
            f"the name resolved to {e.probe.answers[0]}, a private address with which a national filter "
            "answers, and the control saw public addresses only"
        ),
    ),
    Rule(
        name="dns.bogon_not_in_control",
        rank=Rank.PROVEN,
        outcome=Outcome.BLOCKED,
        mechanism="dns.injection.bogon",
        grade=Grade.PROVEN,
        locus=Locus.NETWORK,
        when=lambda e: only_bogons(e) and not only_local_refusals(e) and canaries_pass(e),
        because=lambda e: (
            f"the name resolved to {e.probe.answers[0]}, an address that cannot be on the public internet; "
            "the control never saw it, and other names resolved well from here"
        ),
    ),
    Rule(
        name="dns.answered_by_filter",
        rank=Rank.INNOCENT,
        outcome=Outcome.UNKNOWN,
        when=lambda e: not works(e.probe, e.pool) and only_local_refusals(e) and not canaries_pass(e),
        because=lambda e: (
            f"the name resolved to {e.probe.answers[0]}, with which filters on a device or at home answer too"
        ),
    ),
    Rule(
        name="dns.bogon_without_canary",
        rank=Rank.CONSISTENT,
        outcome=Outcome.BLOCKED,
        mechanism="dns.injection.bogon",
        grade=Grade.CONSISTENT,
        locus=Locus.UNKNOWN,
        when=only_bogons,
        because=lambda e: (
            f"the name resolved to {e.probe.answers[0]}, an address that cannot be on the public internet, "
            "and the control never saw it"
        ),
    ),
    Rule(
        name="dns.failed_control_passed",
        rank=Rank.CONSISTENT,
        outcome=Outcome.BLOCKED,
        mechanism=lookup_mechanism,
        grade=Grade.CONSISTENT,
        locus=Locus.UNKNOWN,
        when=lookups_failed,
        because=lookup_sentence,
    ),
)

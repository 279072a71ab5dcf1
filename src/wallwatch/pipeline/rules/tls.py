"""TLS: certificates that are wrong everywhere, and handshakes that fail here and not at the control."""

from __future__ import annotations

from wallwatch.model.evidence import JOINED_IN_RECORD, Evidence
from wallwatch.model.outcome import Grade, Locus, Outcome
from wallwatch.pipeline.mechanisms import kind_of
from wallwatch.pipeline.reading import (
    attempt_mechanism,
    claimed_mechanism,
    control_had_network,
    failed_at,
    fails,
    is_certificate_failure,
    only_certificate_failures,
)
from wallwatch.pipeline.rule import Rank, Rule
from wallwatch.pipeline.sentences import beside_control, layer_failures


def invalid_in_both(evidence: Evidence) -> bool:
    """Probe and control were shown a certificate that does not hold."""
    return (
        fails(evidence.probe, evidence.pool)
        and only_certificate_failures(evidence.probe)
        and evidence.control is not None
        and only_certificate_failures(evidence.control)
        and control_had_network(evidence)
    )


def handshakes_failed(evidence: Evidence) -> bool:
    """In OONI's record: cut or silent handshakes only, since it has no chain of the helper's."""
    if not failed_at(evidence, "tls"):
        return False
    if evidence.control_joined != JOINED_IN_RECORD:
        return True
    return all(kind_of(found.failure) is not None for found in evidence.probe.tls.failures)


def certificate_alone_differs(evidence: Evidence) -> bool:
    """In OONI's record: the certificate was refused here, and nobody knows what the helper was shown."""
    refused = any(is_certificate_failure(found.failure) for found in evidence.probe.tls.failures)
    return failed_at(evidence, "tls") and evidence.control_joined == JOINED_IN_RECORD and refused


def handshake_mechanism(evidence: Evidence) -> str | None:
    """From the attempts where they say it, else from the handshakes."""
    if evidence.control_joined == JOINED_IN_RECORD:
        return claimed_mechanism(evidence.probe.tls.failures)
    return attempt_mechanism(evidence)


def handshake_sentence(evidence: Evidence) -> str:
    """OONI's records have no canaries to speak of."""
    if evidence.control_joined == JOINED_IN_RECORD:
        return f"{layer_failures(evidence.probe)}, while the test helper got the page"
    return beside_control(evidence)


RULES = (
    Rule(
        name="tls.certificate_invalid_in_both",
        rank=Rank.INNOCENT,
        outcome=Outcome.DOWN,
        when=invalid_in_both,
        because="the certificate does not hold at the control either: it is wrong, or what we know of it is",
    ),
    Rule(
        name="tls.failed_control_passed",
        rank=Rank.CONSISTENT,
        outcome=Outcome.BLOCKED,
        mechanism=handshake_mechanism,
        grade=Grade.CONSISTENT,
        locus=Locus.UNKNOWN,
        when=handshakes_failed,
        because=handshake_sentence,
    ),
    Rule(
        name="tls.certificate_not_compared",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=certificate_alone_differs,
        because="the certificate was refused here, and the record does not say what the control was shown",
    ),
)

"""Connections that fail here and not at the control."""

from __future__ import annotations

from wallwatch.model.evidence import JOINED_IN_RECORD, Evidence
from wallwatch.model.outcome import Grade, Locus, Outcome
from wallwatch.pipeline.reading import (
    attempt_mechanism,
    claimed_mechanism,
    failed_at,
    shared_good_endpoints,
)
from wallwatch.pipeline.rule import Rank, Rule
from wallwatch.pipeline.sentences import beside_control, layer_failures


def connections_failed(evidence: Evidence) -> bool:
    """In OONI's record: towards an IPv4 address and port to which the helper connected."""
    if not failed_at(evidence, "tcp"):
        return False
    return evidence.control_joined != JOINED_IN_RECORD or bool(shared_good_endpoints(evidence))


def connection_mechanism(evidence: Evidence) -> str | None:
    """From the attempts where they say it, else from the connections."""
    if evidence.control_joined == JOINED_IN_RECORD:
        return claimed_mechanism(evidence.probe.tcp.failures)
    return attempt_mechanism(evidence)


def connection_sentence(evidence: Evidence) -> str:
    """OONI's records have no canaries to speak of."""
    if evidence.control_joined == JOINED_IN_RECORD:
        shared = len(shared_good_endpoints(evidence))
        failed = layer_failures(evidence.probe)
        return f"{failed}, while the test helper connected to {shared} of the same addresses"
    return beside_control(evidence)


RULES = (
    Rule(
        name="tcp.failed_control_passed",
        rank=Rank.CONSISTENT,
        outcome=Outcome.BLOCKED,
        mechanism=connection_mechanism,
        grade=Grade.CONSISTENT,
        locus=Locus.UNKNOWN,
        when=connections_failed,
        because=connection_sentence,
    ),
)

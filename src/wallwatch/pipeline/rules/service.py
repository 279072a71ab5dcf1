"""The service as a whole: it answered, it is down for everyone, or too little is known to say."""

from __future__ import annotations

from wallwatch.model.evidence import JOINED_IN_RECORD, Evidence
from wallwatch.model.measurement import ROLE_CONTROL
from wallwatch.model.outcome import Outcome
from wallwatch.pipeline.reading import (
    control_fails,
    control_had_network,
    control_works,
    enough_tries,
    fails,
    is_flaky,
    is_own,
    no_network,
    works,
)
from wallwatch.pipeline.rule import Rank, Rule
from wallwatch.pipeline.rules.dns import lookups_failed, only_bogons
from wallwatch.pipeline.rules.http import request_failed
from wallwatch.pipeline.rules.tcp import connections_failed
from wallwatch.pipeline.rules.tls import handshakes_failed
from wallwatch.pipeline.sentences import layer_failures, tries
from wallwatch.pipeline.trial_reading import suspicious, unsupported


def is_control(evidence: Evidence) -> bool:
    """A control vantage's own measurement: it has no control of its own."""
    return evidence.vantage.role == ROLE_CONTROL


def failing(evidence: Evidence) -> bool:
    """There is a failure to explain."""
    return evidence.target is not None and fails(evidence.probe, evidence.pool)


def reached(evidence: Evidence) -> bool:
    """It works, and nothing casts doubt on that."""
    in_doubt = is_flaky(evidence.probe) or suspicious(evidence) or unsupported(evidence)
    return works(evidence.probe, evidence.pool) and not in_doubt


def reached_sentence(evidence: Evidence) -> str:
    """With the number of tries where there was more than one."""
    facts = evidence.probe
    proof = "the server answered and proved who it is"
    return (
        proof
        if facts.attempts == facts.authenticated == 1
        else f"{proof} in {facts.authenticated} of {facts.attempts} tries"
    )


def connected_only(evidence: Evidence) -> bool:
    """Connections were made, and not one byte of the protocol was spoken."""
    facts = evidence.probe
    return facts.attempts == 0 and facts.tls.n == 0 and facts.tcp.n > facts.tcp.failed


def greeted_only(evidence: Evidence) -> bool:
    """TLS handshakes were completed, and no page was asked for or recorded."""
    facts = evidence.probe
    return facts.attempts == 0 and facts.tls.n > facts.tls.failed


def too_few_tries(evidence: Evidence) -> bool:
    """A control passed, and the probe did not try often enough. OONI's records with a helper have one try."""
    with_helper = evidence.control_joined == JOINED_IN_RECORD
    return (
        failing(evidence) and control_works(evidence) and not with_helper and not enough_tries(evidence.probe)
    )


def helper_differs(evidence: Evidence) -> bool:
    """The helper got the page, and what failed here fits none of the comparisons."""
    compared = (only_bogons, lookups_failed, connections_failed, handshakes_failed, request_failed)
    return (
        failing(evidence)
        and evidence.control_joined == JOINED_IN_RECORD
        and control_works(evidence)
        and not any(comparison(evidence) for comparison in compared)
    )


def failure_sentence(evidence: Evidence) -> str:
    """What failed, in the words of the kind of record."""
    return tries(evidence.probe) if is_own(evidence) else layer_failures(evidence.probe)


RULES = (
    Rule(
        name="service.authenticated",
        rank=Rank.REACHED,
        outcome=Outcome.OK,
        when=reached,
        because=reached_sentence,
    ),
    Rule(
        name="service.fails_at_control",
        rank=Rank.INNOCENT,
        outcome=Outcome.DOWN,
        when=lambda e: is_control(e) and e.probe.attempts > 0 and failing(e) and not no_network(e),
        because=lambda e: f"{failure_sentence(e)} at the control vantage, where nobody blocks it",
    ),
    Rule(
        name="service.control_failed_too",
        rank=Rank.INNOCENT,
        outcome=Outcome.DOWN,
        when=lambda e: failing(e) and control_fails(e) and control_had_network(e),
        because=lambda e: (
            f"{failure_sentence(e)}, and the control could not reach it at the same time either"
        ),
    ),
    Rule(
        name="service.flaky",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: works(e.probe, e.pool) and is_flaky(e.probe),
        because=lambda e: f"{tries(e.probe)}, others did not, and no trial tells why",
    ),
    Rule(
        name="service.no_control",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: failing(e) and e.control is None and not is_control(e),
        because=lambda e: f"{failure_sentence(e)}, and there is no control to compare with",
    ),
    Rule(
        name="service.control_unsure",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: failing(e) and e.control is not None and not control_works(e) and not control_fails(e),
        because=lambda e: (
            f"{failure_sentence(e)}, and the control's own tries do not settle whether it is up"
        ),
    ),
    Rule(
        name="service.too_few_tries",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=too_few_tries,
        because=lambda e: (
            f"{failure_sentence(e)}, too few from different source ports to tell a block from bad luck"
        ),
    ),
    Rule(
        name="service.not_comparable",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=helper_differs,
        because=lambda e: (
            f"{failure_sentence(e)}, and the test helper's answer does not tell whether that is the probe's "
            "own doing"
        ),
    ),
    Rule(
        name="service.no_canary",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: failing(e) and is_own(e) and None in (e.canaries.home, e.canaries.abroad),
        because=lambda e: f"{failure_sentence(e)}, and no page that nobody blocks shows that this line works",
    ),
    Rule(
        name="service.connected_only",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=connected_only,
        because=lambda e: (
            f"{e.probe.tcp.n - e.probe.tcp.failed} of {e.probe.tcp.n} connections were made, and no byte of "
            "the protocol was spoken, so nothing is known of a censor that looks at bytes"
        ),
    ),
    Rule(
        name="service.greeted_only",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=greeted_only,
        because="TLS handshakes were completed, and the record holds nothing of what was said after them",
    ),
    Rule(
        name="service.unproven_answer",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: e.probe.authenticated == 0 and e.probe.attempts > e.probe.failed and not failing(e),
        because="something answered, and nothing proves that it was the service",
    ),
    Rule(
        name="service.resolved_only",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: e.probe.attempts == 0 and e.probe.tcp.n == 0 and e.probe.dns.n > e.probe.dns.failed,
        because="the name resolved, and nothing more was tried",
    ),
)

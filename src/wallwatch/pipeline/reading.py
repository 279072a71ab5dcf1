"""What the rules ask of evidence: small questions with names. Nothing here decides an outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from wallwatch.model import failure as failures
from wallwatch.model.evidence import ALL_OF, JOINED_IN_RECORD, Evidence, Facts, FailureCount, Layer
from wallwatch.model.mechanism import common_ancestor
from wallwatch.pipeline.mechanisms import LAYER_OF_OPERATION, TLS_ENCLOSED, node_of

# From different source ports: one path of several may be broken (Bhaskar and Pearce, USENIX Security 2022)
TRIES_NEEDED = 3
MINOR_SHARE = 0.2  # of the failures: a rarer kind beside a common one is the line's, not the censor's


def is_own(evidence: Evidence) -> bool:
    """Whether the attempts are handshakes of ours, which say where they failed."""
    return evidence.probe.best_rung is not None


def works(facts: Facts, pool: str) -> bool:
    """The far end proved who it is: somewhere in the pool, or everywhere if all of it is needed."""
    if facts.authenticated == 0:
        return False
    return pool != ALL_OF or not facts.endpoints_failed


def fails(facts: Facts, pool: str) -> bool:
    """Every attempt failed; or, where all of the pool is needed, every attempt at one endpoint."""
    if facts.attempts == 0:
        return failing_layer(facts) is not None
    return facts.failed == facts.attempts or (pool == ALL_OF and bool(facts.endpoints_failed))


def is_flaky(facts: Facts) -> bool:
    """Failures are as many as proofs. Our own tries: of several, and not for one dead endpoint."""
    if facts.best_rung is None:
        return 0 < facts.failed >= facts.authenticated
    return facts.failed >= 2 and 2 * facts.failed >= facts.attempts and bool(facts.endpoints_mixed)


def fraction_failed(facts: Facts) -> float | None:
    """The share of the pool that failed; of the attempts, where none came as far as an address."""
    if facts.endpoints:
        return len(facts.endpoints_failed) / len(facts.endpoints)
    return facts.failed / facts.attempts if facts.attempts else None


def failing_layer(facts: Facts) -> str | None:
    """Where most attempts failed. OONI's own nettests: the first layer at which nothing passed."""
    if facts.best_rung is not None:
        return commonest_layer(facts)
    for name, layer in (("dns", facts.dns), ("tcp", facts.tcp), ("tls", facts.tls), ("http", facts.http)):
        if all_failed(layer):
            return name
    return None


def commonest_layer(facts: Facts) -> str | None:
    """Of the failing operations."""
    counts: Counter[str] = Counter()
    for found in facts.failures:
        counts[layer_of_failure(found, facts.trigger_families)] += found.count
    return min(counts, key=lambda layer: (-counts[layer], layer), default=None)


def layer_of_failure(found: FailureCount, families: tuple[str, ...]) -> str:
    """What follows a TLS handshake is HTTP; what follows a bare connection is the protocol."""
    layer = LAYER_OF_OPERATION.get(found.operation, "proto")
    return "http" if layer == "proto" and families and set(families) <= TLS_ENCLOSED else layer


def all_failed(layer: Layer) -> bool:
    """There were some, and none passed."""
    return layer.n > 0 and layer.failed == layer.n


def known_share(found: Iterable[FailureCount]) -> float:
    """The share of failures that df-007 has a name for; what nobody can name proves nothing."""
    counts = list(found)
    total = sum(each.count for each in counts)
    known = sum(each.count for each in counts if failures.is_known(each.failure))
    return known / total if total else 0.0


def is_certificate_failure(failure: str) -> bool:
    """The far end's certificate was not the one expected."""
    return failure in (
        failures.SSL_INVALID_HOSTNAME,
        failures.SSL_UNKNOWN_AUTHORITY,
        failures.SSL_INVALID_CERTIFICATE,
    )


def only_certificate_failures(facts: Facts) -> bool:
    """Whether that is all that went wrong."""
    return bool(facts.failures) and all(is_certificate_failure(found.failure) for found in facts.failures)


def claimed_mechanism(found: Iterable[FailureCount], families: tuple[str, ...] = ()) -> str | None:
    """The deepest node that is true of all failures of a common kind; None where they share no layer."""
    counts: Counter[str] = Counter()
    for each in found:
        node = node_of(each, layer_of_failure(each, families))
        if node is not None:
            counts[node] += each.count
    total = sum(counts.values())
    return common_ancestor(tuple(sorted(node for node, n in counts.items() if n >= MINOR_SHARE * total)))


def answers_agree(evidence: Evidence) -> bool:
    """Whether probe and control were led to a common address, or one of them looked nothing up."""
    probe = evidence.probe.answers
    control = evidence.control.answers if evidence.control is not None else ()
    return not probe or not control or bool(set(probe) & set(control))


def same_endpoint(evidence: Evidence) -> bool:
    """Whether the control tried what the probe tried: the same name, or the same address and port."""
    if evidence.control is None:
        return False
    ours, theirs = evidence.probe, evidence.control
    return bool(set(ours.hosts) & set(theirs.hosts) or set(ours.endpoints) & set(theirs.endpoints))


def canaries_pass(evidence: Evidence) -> bool:
    """At home and abroad. A canary that was not tried does not pass."""
    return evidence.canaries.home is True and evidence.canaries.abroad is True


def no_network(evidence: Evidence) -> bool:
    """Nothing that nobody blocks could be had."""
    return evidence.canaries.abroad is False and evidence.canaries.home is not True


def control_had_network(evidence: Evidence) -> bool:
    """Nothing says that it had none."""
    return evidence.control_canaries.abroad is not False or evidence.control_canaries.home is True


def enough_tries(facts: Facts) -> bool:
    """Several, from different source ports. A failed look-up or connection has none on record."""
    without_port = sum(found.count for found in facts.failures if found.operation in ("resolve", "connect"))
    return facts.attempts >= TRIES_NEEDED and facts.source_ports + without_port >= TRIES_NEEDED


def control_works(evidence: Evidence) -> bool:
    """The control reached it; web_connectivity's helper fetched the page."""
    if evidence.control is None:
        return False
    if evidence.control_joined == JOINED_IN_RECORD:
        return evidence.control.http.n > 0 and evidence.control.http.failed == 0
    return works(evidence.control, evidence.pool)


def control_fails(evidence: Evidence) -> bool:
    """The control could not reach it either; web_connectivity's helper could not fetch the page."""
    if evidence.control is None:
        return False
    if evidence.control_joined == JOINED_IN_RECORD:
        return all_failed(evidence.control.http) or all_failed(evidence.control.dns)
    return evidence.control.attempts > 0 and fails(evidence.control, evidence.pool)


def failed_beside_control(evidence: Evidence) -> bool:
    """The conditions of `consistent` (design section 2) that do not depend on the layer."""
    if not fails(evidence.probe, evidence.pool) or not control_works(evidence):
        return False
    if evidence.control_joined == JOINED_IN_RECORD:
        return True  # the helper was reached, so the line works; OONI's record has one try
    return (
        enough_tries(evidence.probe)
        and known_share(evidence.probe.failures) > 0.5
        and same_endpoint(evidence)
        and canaries_pass(evidence)
    )


def failed_at(evidence: Evidence, layer: str) -> bool:
    """Failed beside a control that passed, and at this layer."""
    return failed_beside_control(evidence) and failing_layer(evidence.probe) == layer


def shared_good_endpoints(evidence: Evidence) -> set[str]:
    """IPv4 endpoints that failed here and that the control connected to. IPv6 may just be missing here."""
    if evidence.control is None:
        return set()
    good = set(evidence.control.endpoints) - set(evidence.control.endpoints_failed)
    return {end for end in good & set(evidence.probe.endpoints_failed) if not end.startswith("[")}


def attempt_mechanism(evidence: Evidence) -> str | None:
    """What the attempts' failures show. If the names led elsewhere, it may be name or address."""
    found = claimed_mechanism(evidence.probe.failures, evidence.probe.trigger_families)
    if found is not None and found.split(".")[0] in ("tcp", "ip", "tls") and not answers_agree(evidence):
        return None
    return found

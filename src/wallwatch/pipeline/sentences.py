"""The parts that rules' sentences are made of: counts in words. English, one sentence, no full stop."""

from __future__ import annotations

from wallwatch.model.evidence import Evidence, Facts, FailureCount, TrialFacts
from wallwatch.model.handshake import Address, Payload
from wallwatch.pipeline.reading import failing_layer
from wallwatch.pipeline.trial_reading import arm

FAMILY_WORDS = {
    "sni": "a TLS greeting with the service's name",
    "noise": "the first bytes of the protocol",
}
TWIN_WORDS = {
    "sni": "the same greeting with another name of the same length",
}
OPERATION_WORDS = {
    "resolve": "looking up the name",
    "connect": "connecting",
    "tls_handshake": "in the TLS handshake",
    "verify": "checking the certificate",
    "http": "in the web request",
    "http_request": "in the web request",
    "write": "sending",
    "read": "waiting for the answer",
    "parse": "reading the answer",
}


def tries(facts: Facts) -> str:
    """`3 of 3 tries failed (connection_reset in the TLS handshake)`."""
    noun = "try" if facts.attempts == 1 else "tries"
    return f"{facts.failed} of {facts.attempts} {noun} failed{ways(facts.failures)}"


def ways(found: tuple[FailureCount, ...]) -> str:
    """The commonest way of failing, in brackets; nothing where there is none."""
    if not found:
        return ""
    most = min(found, key=lambda each: (-each.count, each))
    where = OPERATION_WORDS.get(most.operation)
    return f" ({most.failure}{' ' + where if where else ''})"


def layer_failures(facts: Facts) -> str:
    """The same for OONI's nettests, whose requests do not say where they failed."""
    layers = {"dns": facts.dns, "tcp": facts.tcp, "tls": facts.tls, "http": facts.http}
    layer = layers.get(failing_layer(facts) or "")
    if layer is None:
        return tries(facts)
    noun = {"dns": "look-ups", "tcp": "connections", "tls": "TLS handshakes", "http": "web requests"}
    named = noun[failing_layer(facts) or "http"]
    failures = ways(layer.failures)
    return f"{layer.failed} of {layer.n} {named if layer.n != 1 else named[:-1]} failed{failures}"


def beside_control(evidence: Evidence) -> str:
    """A failure that is consistent with blocking."""
    ports = evidence.probe.source_ports
    from_ports = f" from {ports} source ports" if ports else ""
    return (
        f"{tries(evidence.probe)}{from_ports}, while the control reached the same service at the same time "
        "and pages that nobody blocks could be had at home and abroad"
    )


def trial_sentence(trial: TrialFacts) -> str:
    """The numbers of a trial that proves something."""
    sent, neutral = (
        arm(trial.probe, payload, Address.NEUTRAL) for payload in (Payload.TRIGGER, Payload.NEUTRAL)
    )
    failed = f"{sent.failed} of {sent.n}" if sent is not None else "0 of 0"
    passed = f"{neutral.n - neutral.failed} of {neutral.n}" if neutral is not None else "0 of 0"
    trigger = FAMILY_WORDS.get(trial.trigger_family, "the first bytes of the protocol")
    twin = TWIN_WORDS.get(trial.trigger_family, "other bytes of the same length")
    return (
        f"{trigger} failed {failed} times towards an address that the service does not run, "
        f"{twin} passed {passed} times, and the control passed both"
    )


def unsettled_sentence(trial: TrialFacts) -> str:
    """The numbers of a trial that proves nothing."""
    pairs = trial.pairs
    return (
        f"it worked in the end, but in a trial the trigger failed {pairs.trigger_failed} of {pairs.pairs} "
        f"times and neutral bytes {pairs.neutral_failed}, which neither proves nor excludes interference"
    )

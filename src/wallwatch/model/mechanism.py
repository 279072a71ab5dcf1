"""The tree of mechanisms: `<layer>.<action>.<qualifier>`, every prefix a valid label, ids never reused.

The layer is where the interference showed, not where the trigger lived. Sources: OONI ontology section 12
for the leaves of its first version; the others are leaf-adds under the same grammar (docs/ontology.md).
"""

from __future__ import annotations

LEAVES: tuple[str, ...] = (
    "dns.injection.blockpage",
    "dns.injection.bogon",
    "dns.injection.clean_ip",
    "dns.injection.other",
    "dns.nxdomain",
    "dns.refused",
    "dns.servfail",
    "dns.no_answer",
    "dns.timeout",
    "dns.reset",
    "ip.unreachable",
    "ip.prefix_null_route",
    "tcp.reset.syn",
    "tcp.reset.data",
    "tcp.timeout",
    "tcp.refused",
    "tcp.drop.syn",
    "tcp.drop.synack",
    "tls.reset.sni",
    "tls.reset.cert",
    "tls.reset.other",
    "tls.timeout.sni",
    "tls.timeout.esni",
    "tls.timeout.ech",
    "tls.timeout.cert",
    "tls.timeout.fingerprint",
    "tls.eof.sni",
    "tls.mitm.self_signed",
    "tls.mitm.ca_signed",
    "tls.truncate.bytes",
    "tls.throttle.sni.police",
    "tls.throttle.sni.shape",
    "tls.throttle.sni.loss",
    "http.blockpage",
    "http.redirect",
    "http.error",
    "http.timeout.host",
    "http.reset.host",
    "http.reset.keyword",
    "http.injection.other",
    "http.throttle.host",
    "quic.timeout.sni",
    "quic.timeout.version",
    "quic.timeout.ech",
    "quic.truncate",
    "udp.endpoint_block",
    "udp.protocol_drop",
    "proto.drop.noise",
    "proto.drop.mtproto",
    "proto.drop.stun",
    "proto.drop.dtls",
    "proto.drop.wireguard",
    "proto.drop.openvpn",
    "proto.drop.tor",
    "proto.drop.tls_in_tls",
    "proto.drop.fully_encrypted",
    "proto.reset.noise",
    "proto.reset.mtproto",
    "proto.probe",
    "allow.protocol",
    "allow.destination",
    "route.withdrawal",
    "route.hijack",
    "access.mobile_only",
    "access.curfew",
    "service.push",
    "service.otp_sms",
    "service.appstore",
    "platform.delete",
    "platform.hide",
    "platform.image",
    "platform.keyword",
)


def ancestors(mechanism: str) -> tuple[str, ...]:
    """The node itself and every prefix of it, deepest first: `a.b.c` -> (`a.b.c`, `a.b`, `a`)."""
    parts = mechanism.split(".")
    return tuple(".".join(parts[:depth]) for depth in range(len(parts), 0, -1))


NODES: frozenset[str] = frozenset(node for leaf in LEAVES for node in ancestors(leaf))


def is_same_or_ancestor(claimed: str, truth: str) -> bool:
    """Whether a claim is true of the truth: equal to it or a prefix of it."""
    return claimed in ancestors(truth)


def common_ancestor(mechanisms: tuple[str, ...]) -> str | None:
    """The deepest node that is true of all of them, or None where they share no layer."""
    if not mechanisms:
        return None
    shared = [node for node in ancestors(mechanisms[0]) if all(node in ancestors(m) for m in mechanisms)]
    return shared[0] if shared else None

"""From what an operation failed with to the node of the tree that it shows. Tables, no conditions.

A failure alone never shows the trigger: `tls.reset`, not `tls.reset.sni`. Only a trial adds the last part
(OONI sends every TLS reset to `.sni`, which is more than it knows).
"""

from __future__ import annotations

from wallwatch.model import failure as failures
from wallwatch.model.evidence import FailureCount
from wallwatch.model.mechanism import NODES

LAYER_OF_OPERATION = {
    "resolve": "dns",
    "connect": "tcp",
    "tls_handshake": "tls",
    "verify": "tls",
    "http": "http",
    "http_request": "http",
}  # write, read, parse: the protocol

TLS_ENCLOSED = frozenset({"sni"})  # families whose trigger lies in a TLS hello

TIMEOUT = frozenset({failures.TIMEOUT})
RESET = frozenset({failures.CONNECTION_RESET, failures.CONNECTION_ABORTED})
EOF = frozenset({failures.EOF, failures.CONNECTION_ALREADY_CLOSED})

NODE_OF: dict[tuple[str, str], str] = {
    ("dns", failures.DNS_NXDOMAIN): "dns.nxdomain",
    ("dns", failures.DNS_REFUSED): "dns.refused",
    ("dns", failures.DNS_SERVFAIL): "dns.servfail",
    ("dns", failures.DNS_NO_ANSWER): "dns.no_answer",
    ("dns", failures.DNS_BOGON): "dns.injection.bogon",
    ("dns", failures.TIMEOUT): "dns.timeout",
    ("dns", failures.CONNECTION_RESET): "dns.reset",
    ("tcp", failures.CONNECTION_REFUSED): "tcp.refused",
    ("tcp", failures.CONNECTION_RESET): "tcp.reset",
    ("tcp", failures.TIMEOUT): "tcp.timeout",
    ("tcp", failures.HOST_UNREACHABLE): "ip.unreachable",
    ("tcp", failures.NETWORK_UNREACHABLE): "ip.unreachable",
    ("tls", failures.CONNECTION_RESET): "tls.reset",
    ("tls", failures.TIMEOUT): "tls.timeout",
    ("tls", failures.EOF): "tls.eof",
    ("tls", failures.SSL_INVALID_HOSTNAME): "tls.mitm",
    ("tls", failures.SSL_UNKNOWN_AUTHORITY): "tls.mitm",
    ("tls", failures.SSL_INVALID_CERTIFICATE): "tls.mitm",
    ("http", failures.CONNECTION_RESET): "http.reset",
    ("http", failures.TIMEOUT): "http.timeout",
    ("proto", failures.CONNECTION_RESET): "proto.reset",
    ("proto", failures.TIMEOUT): "proto.drop",
}

# Which branch of the tree a family's trigger lies under, by how the trigger fails. "{family}" is filled in.
BRANCHES = {
    "sni": {"timeout": "tls.timeout.sni", "reset": "tls.reset.sni", "eof": "tls.eof.sni"},
    "esni": {"timeout": "tls.timeout.esni", "reset": "tls.reset", "eof": "tls.eof"},
    "ech": {"timeout": "tls.timeout.ech", "reset": "tls.reset", "eof": "tls.eof"},
    "host": {"timeout": "http.timeout.host", "reset": "http.reset.host", "eof": "http"},
}
PROTOCOL_BRANCH = {"timeout": "proto.drop.{family}", "reset": "proto.reset.{family}", "eof": "proto"}


def node_of(found: FailureCount, layer: str) -> str | None:
    """The node that one kind of failure shows: its layer at least, None for what nobody can name."""
    if not failures.is_known(found.failure):
        return None
    return NODE_OF.get((layer, found.failure), layer)


def kind_of(failure: str) -> str | None:
    """timeout, reset, eof; None for anything else."""
    for kind, strings in (("timeout", TIMEOUT), ("reset", RESET), ("eof", EOF)):
        if failure in strings:
            return kind
    return None


def trigger_node(family: str, kind: str) -> str:
    """`sni` and `reset` -> `tls.reset.sni`. A node that the tree does not have gives its nearest ancestor."""
    node = BRANCHES.get(family, PROTOCOL_BRANCH)[kind].format(family=family)
    while node not in NODES:
        node = node.rpartition(".")[0]
    return node

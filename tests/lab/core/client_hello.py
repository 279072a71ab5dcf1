"""A ClientHello as this machine's own TLS library writes it. Not a test."""

from __future__ import annotations

import ssl


def client_hello(name: str) -> bytes:
    """Its first bytes on the wire, with that server name."""
    written = ssl.MemoryBIO()
    connection = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), written, server_hostname=name)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        return written.read()
    raise AssertionError("a handshake without a server")

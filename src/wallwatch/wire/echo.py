"""The twin's reply to bytes that are no TLS: a mark and a digest of what it received.

The digest proves that the bytes arrived as they were sent, so that "the trigger passed" cannot be a middlebox
answering by itself. It authenticates nobody: anyone on the way could make one.
"""

from __future__ import annotations

import hashlib

from wallwatch.wire.incomplete import Incomplete

MAGIC = b"WWTW1"
LENGTH = len(MAGIC) + 32


def build_echo(payload: bytes) -> bytes:
    """The reply to `payload`, the first bytes of a connection as received."""
    return MAGIC + hashlib.sha256(payload).digest()


def parse_echo(reply: bytes) -> bytes:
    """The digest in a reply, which must be all of it. Incomplete while it is a beginning; else ValueError."""
    if len(reply) < LENGTH and MAGIC.startswith(reply[: len(MAGIC)]):
        raise Incomplete("the echo is cut")
    if len(reply) != LENGTH or not reply.startswith(MAGIC):
        raise ValueError("not a twin's echo")
    return reply[len(MAGIC) :]


def echo_fits(reply: bytes, payload: bytes) -> bool:
    """Whether `reply` is the twin's echo of exactly `payload`."""
    return reply == build_echo(payload)

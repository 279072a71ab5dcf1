"""What a step raises when it fails, the names of the operations, and how long steps may take."""

from __future__ import annotations

from msgspec import Struct

RESOLVE = "resolve"
CONNECT = "connect"
TLS_HANDSHAKE = "tls_handshake"
VERIFY = "verify"  # the handshake went through, the certificate does not convince
WRITE = "write"
READ = "read"
PARSE = "parse"  # bytes came, and they are not the protocol


class Failed(Exception):  # noqa: N818, it reads as what it says: a step failed
    """A step failed. The trace has already recorded it when this is raised.

    `failure` is an OONI failure string, `operation` one of this module's names, `received` how many bytes of
    the answer (of an HTTP body, of a wished-for count) had arrived before.
    """

    def __init__(self, failure: str, operation: str, received: int = 0) -> None:
        super().__init__(f"{operation}: {failure}")
        self.failure = failure
        self.operation = operation
        self.received = received


class Timeouts(Struct, frozen=True, kw_only=True):
    """How long each step may take, in seconds."""

    resolve: float = 5.0  # one try of one query; there are two tries
    connect: float = 10.0
    handshake: float = 10.0  # the whole TLS (or WebSocket) handshake
    read: float = 15.0  # until the next bytes
    exchange: float | None = None  # a whole HTTP exchange; None: four times `read`

    @property
    def whole_exchange(self) -> float:
        """The limit of one HTTP exchange from its first byte to its last, in seconds."""
        return 4 * self.read if self.exchange is None else self.exchange

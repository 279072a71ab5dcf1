"""The trace: every network operation of one measurement, in OONI's forms, whether it succeeded or failed.

The steps write it, the experiment wraps `test_keys()` into its measurement. It has no opinion and holds no
address of the probe.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec

from wallwatch.net.records import (
    HttpExchange,
    IcmpRecord,
    NetworkEvent,
    Query,
    TcpConnect,
    TcpInfoRecord,
    TlsHandshake,
)
from wallwatch.net.seam import Clock


class Trace:
    """The records of one measurement, in the order in which operations ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.monotonic()
        self._transactions = count(1)
        self.queries: list[Query] = []
        self.late_answers: list[Query] = []  # further answers to a query that was already answered
        self.tcp_connect: list[TcpConnect] = []
        self.tls_handshakes: list[TlsHandshake] = []
        self.requests: list[HttpExchange] = []
        self.network_events: list[NetworkEvent] = []
        self.icmp_errors: list[IcmpRecord] = []
        self.tcp_info: list[TcpInfoRecord] = []

    def now(self) -> float:
        """Seconds since the measurement's start (microseconds are kept)."""
        return round(self._clock.monotonic() - self._start, 6)

    def new_transaction(self) -> int:
        """A number that joins the records of one connection or one query: 1, 2, 3 ..."""
        return next(self._transactions)

    def test_keys(self) -> dict[str, Any]:
        """The standard lists as plain JSON values, ready for `test_keys`."""
        lists = {
            "queries": self.queries,
            "x_dns_duplicate_responses": self.late_answers,
            "tcp_connect": self.tcp_connect,
            "tls_handshakes": self.tls_handshakes,
            "requests": self.requests,
            "network_events": self.network_events,
            "x_icmp_errors": self.icmp_errors,
            "x_tcp_info": self.tcp_info,
        }
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(lists))
        return plain

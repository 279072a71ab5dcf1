"""The ladder that every attempt climbs: notes how far it came and turns that into a `Handshake`.

Not which steps to take: that is the experiment's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from wallwatch.catalog import Target
from wallwatch.model.failure import TIMEOUT, UNKNOWN_PREFIX
from wallwatch.model.handshake import Auth, Handshake, Rung, Trial
from wallwatch.net.failed import PARSE, READ, VERIFY, Failed, Timeouts
from wallwatch.net.seam import Endpoint
from wallwatch.net.steps import Connection, Steps, TcpConnection, TlsConnection, TlsWish

if TYPE_CHECKING:
    from wallwatch.experiments import Context

WEBPKI = "webpki"


class Climb:
    """One attempt while it runs. The experiment moves it upwards; `outcome` freezes it."""

    def __init__(self, steps: Steps, target: Target, context: Context, profile: str) -> None:
        self.steps = steps
        self.target = target
        self.context = context
        self.rung = Rung.NOTHING
        self.auth: Auth | None = None
        self._profile = profile
        self._t0 = steps.trace.now()
        self._endpoint: Endpoint | None = None
        self._wire: TcpConnection | None = None
        self._application: Connection | None = None

    def reached(self, rung: Rung) -> None:
        """Note a rung; an attempt never comes down."""
        self.rung = max(self.rung, rung)

    async def resolve(self, turn: int) -> Endpoint:
        """L0."""
        endpoint = await self.context.names.endpoint(self.target.host, self.target.port, turn)
        self.reached(Rung.RESOLVED)
        return endpoint

    async def connect(self, endpoint: Endpoint) -> TcpConnection:
        """L1."""
        self._endpoint = endpoint
        self.reached(Rung.RESOLVED)
        self._wire = await self.steps.connect(endpoint)
        self.context.own_addresses.add(self._wire.local.address)
        self.reached(Rung.CONNECTED)
        return self._wire

    async def tls(self, connection: TcpConnection, wish: TlsWish) -> TlsConnection:
        """TLS up to L3, or to L4 where the certificate is to be verified and holds."""
        try:
            tls = await self.steps.tls_handshake(connection, wish)
        except Failed as failed:
            if failed.operation == VERIFY:
                self.reached(Rung.PARSED)
                self.auth = Auth(method=WEBPKI, key_id=self._leaf(connection), ok=False)
            raise
        self._application = tls
        self.reached(Rung.PARSED)
        if wish.verify:
            self.auth = Auth(method=WEBPKI, key_id=self._leaf(connection), ok=True)
            self.reached(Rung.AUTHENTICATED)
        return tls

    def _leaf(self, connection: TcpConnection) -> str | None:
        """SHA-256 of the certificate that the far end showed on this connection."""
        for record in reversed(self.steps.trace.tls_handshakes):
            if record.transaction_id == connection.transaction_id and record.peer_certificates:
                return hashlib.sha256(base64.b64decode(record.peer_certificates[0].data)).hexdigest()
        return None

    def close(self, failed: bool) -> None:
        """Let go of the connection: a RST after a failure, for a FIN would leave the kernel repeating the
        hello.

        A hello that is dropped on the way would otherwise be sent again for minutes and renew the censor's
        memory.
        """
        if self._wire is not None:
            if failed:
                self._wire.abort()
            else:
                self._wire.close()

    def outcome(self, failed: Failed | None, trial: Trial | None) -> Handshake:
        """What the attempt was."""
        target, wire, tally = self.target, self._wire, None if self._wire is None else self._wire.tally
        if tally is not None and tally.bytes_received:
            self.reached(Rung.ANSWERED)
        return Handshake(
            service=target.service,
            function=target.function,
            target_id=target.target_id,
            endpoint="" if self._endpoint is None else str(self._endpoint),
            hostname=target.host,
            wire_class=target.wire_class,
            trigger_family=target.trigger_family,
            client_profile=self._profile,
            sent_len=self._first_flight(),
            sent_prefix_hex="" if tally is None else tally.sent_prefix.hex(),
            t_first_reply=None if tally is None else tally.first_received_at,
            reply_len=0 if tally is None else tally.bytes_received,
            reply_prefix_hex="" if tally is None else tally.received_prefix.hex(),
            bytes_moved=0 if self._application is None else self._application.tally.bytes_received,
            rung=int(self.rung),
            auth=self.auth,
            failure=None if failed is None else failed.failure,
            failed_operation=None if failed is None else failed.operation,
            source_port=None if wire is None else wire.local.port,
            t0=self._t0,
            t=self.steps.trace.now(),
            transaction_id=0 if wire is None else wire.transaction_id,
            catalogue_version=self.context.catalogue_version,
            unverified=target.unverified or self.context.stale,
            trial=trial,
        )

    def _first_flight(self) -> int:
        """Bytes of the first write: the hello, not all that followed it."""
        if self._wire is None:
            return 0
        transaction = self._wire.transaction_id
        writes = (
            event.num_bytes
            for event in self.steps.trace.network_events
            if event.transaction_id == transaction and event.operation == "write" and event.failure is None
        )
        return next(writes, 0)


async def climb(attempt: Climb, walk: Callable[[Climb], Awaitable[None]], trial: Trial | None) -> Handshake:
    """Run a walk to its end or its first failure. A drip that never ends is a timeout."""
    failed: Failed | None = None
    try:
        async with attempt.steps.net.clock.deadline(longest(attempt.steps.timeouts)):
            await walk(attempt)
    except Failed as error:
        failed = error
    except TimeoutError:
        failed = Failed(TIMEOUT, READ)
    finally:
        attempt.close(failed is not None)
    return attempt.outcome(failed, trial)


def longest(timeouts: Timeouts) -> float:
    """How long a whole attempt may take, in seconds: every step at its own limit."""
    return 4 * timeouts.resolve + timeouts.connect + 2 * timeouts.handshake + timeouts.whole_exchange


def not_the_protocol(what: str) -> Failed:
    """Bytes came that are something else. Their beginning is in the record, never in the failure string."""
    return Failed(f"{UNKNOWN_PREFIX}{what}", PARSE)

"""The arms of a trial: what is sent, and what counts as having come through.

At a twin, which wallwatch runs, that is clear: its TLS handshake completes (self-signed, so recorded and not
verified), or its echo repeats the digest of what was sent.

Neutral bytes towards the service itself are less clear, and each protocol has its own answer.
* TLS: a server answers a ClientHello for an unknown name with a certificate, an alert, or by closing. Any
  answer of its own passes; a reset or silence does not, because TLS servers are not silent to a valid hello.
* Raw protocols (WhatsApp's Noise): nobody documents what the server does with meaningless bytes; waiting in
  silence for more is as likely as closing or resetting. A byte, a FIN or a RST is an answer (L2).
  Silence passes too, at L1, if the far end's TCP acknowledged the bytes (`TCP_INFO`): then they
  arrived, and a server that waits must not be read as blocked. Silence without an acknowledgement fails: the
  bytes were dropped on the way. Where the kernel does not tell, silence passes. How the read ended stays in
  `network_events`.
"""

from __future__ import annotations

from wallwatch.experiments._climb import Climb, not_the_protocol
from wallwatch.model.failure import CONNECTION_ABORTED, CONNECTION_RESET, EOF, SSL_FAILED_HANDSHAKE
from wallwatch.model.handshake import Address, Auth, Payload, Rung
from wallwatch.net.failed import Failed
from wallwatch.net.seam import Endpoint
from wallwatch.net.steps import TcpConnection, TlsWish
from wallwatch.wire import echo
from wallwatch.wire.neutral import neutral_bytes, neutral_name

ECHO = "echo_digest"
RANDOM_LENGTH = 16  # bytes of randomness behind a neutral twin
CLOSED = frozenset({EOF, CONNECTION_RESET, CONNECTION_ABORTED})


async def send_hello(
    climb: Climb, payload: Payload, address: Address, endpoint: Endpoint, alpn: tuple[str, ...]
) -> None:
    """An arm that speaks TLS: the true ClientHello, or one with an innocent name of the same length."""
    name = climb.target.host
    if payload is Payload.NEUTRAL:
        name = neutral_name(name, climb.steps.net.random(RANDOM_LENGTH))
    connection = await climb.connect(endpoint)
    try:
        await climb.tls(connection, TlsWish(server_name=name, alpn=alpn, verify=False))
    except Failed as failed:
        answered = failed.failure in (SSL_FAILED_HANDSHAKE, EOF)
        if not (address is Address.SERVICE and answered):
            raise
        climb.reached(Rung.ANSWERED)


async def send_bytes(
    climb: Climb, trigger: bytes, payload: Payload, address: Address, endpoint: Endpoint
) -> None:
    """An arm of a raw protocol: the true first flight, or meaningless bytes of the same length."""
    data = trigger
    if payload is Payload.NEUTRAL:
        data = neutral_bytes(trigger, climb.steps.net.random(RANDOM_LENGTH))
    connection = await climb.connect(endpoint)
    await climb.steps.send(connection, data)
    if address is Address.NEUTRAL:
        await expect_echo(climb, connection, data)
    else:
        await hear_whatever_comes(climb, connection)


async def expect_echo(climb: Climb, connection: TcpConnection, sent: bytes) -> None:
    """The twin's digest of what was sent, or Failed."""
    reply = await climb.steps.receive_exactly(connection, echo.LENGTH)
    if not echo.echo_fits(reply, sent):
        raise not_the_protocol("the twin's echo does not fit")
    climb.auth = Auth(method=ECHO, key_id=None, ok=True)
    climb.reached(Rung.AUTHENTICATED)


async def hear_whatever_comes(climb: Climb, connection: TcpConnection) -> None:
    """One read; the module's docstring says why most of what comes, or does not, is no failure. Raises
    Failed.
    """
    try:
        await climb.steps.receive(connection)
    except Failed as failed:
        if failed.failure in CLOSED:
            climb.reached(Rung.ANSWERED)
        elif is_unacknowledged(climb, connection.transaction_id):
            raise


def is_unacknowledged(climb: Climb, transaction_id: int) -> bool:
    """Whether the kernel says that what was sent never arrived. False where it does not say."""
    return any(
        record.unacknowledged > 0
        for record in climb.steps.trace.tcp_info
        if record.transaction_id == transaction_id
    )

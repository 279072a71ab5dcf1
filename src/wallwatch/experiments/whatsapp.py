"""WhatsApp's chat: the Noise handshake up to the server's proof of itself, on TCP or inside a WebSocket.

Rungs on TCP: L3 a ServerHello parses, L4 its certificate chain leads to the pinned root and carries the
static key that the handshake proved. On a WebSocket the TLS certificate gives L4 already, and the Noise proof
L5. The client's last message, which would log in, is never sent. Source: whatsmeow, Baileys.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from wallwatch.catalog import Target
from wallwatch.catalog.types import Transport
from wallwatch.experiments import Context, Part
from wallwatch.experiments._climb import Climb, climb, not_the_protocol
from wallwatch.experiments._twin import send_bytes, send_hello
from wallwatch.model.failure import UNKNOWN_PREFIX
from wallwatch.model.handshake import Address, Auth, Handshake, Payload, Rung
from wallwatch.net.failed import VERIFY, Failed
from wallwatch.net.steps import Steps, TcpConnection, TlsWish
from wallwatch.wire import whatsapp
from wallwatch.wire.noise import Initiator, NotAuthentic, ServerHello
from wallwatch.wire.whatsapp_certificate import ChainRefused, key_id, verify_chain

PROFILE = "whatsapp-web-6.3"
METHOD = "noise_cert_chain"
ALPN = ("http/1.1",)
KEY_LENGTH = 32  # bytes
LENGTH_FIELD = 3  # bytes, before each frame
LARGEST_HELLO = 65536  # bytes; a ServerHello has some 350, and "HTT" read as a length is 4.7 million

Receive = Callable[[], Awaitable[bytes]]


class WhatsApp:
    """See the module's docstring."""

    name = "whatsapp"

    async def attempt(self, steps: Steps, target: Target, context: Context, turn: int) -> Handshake:
        """Name, connection, perhaps TLS and WebSocket, Noise."""

        async def walk(attempt: Climb) -> None:
            connection = await attempt.connect(await attempt.resolve(turn))
            if target.transport is Transport.WEBSOCKET:
                await inside_websocket(attempt, connection)
            else:
                await straight(attempt, connection)

        return await climb(Climb(steps, target, context, PROFILE), walk, trial=None)

    async def arm(self, steps: Steps, target: Target, context: Context, part: Part) -> Handshake:
        """The transport's first flight: WhatsApp's hello on TCP, the ClientHello where TLS comes first."""
        payload, address = Payload(part.trial.arm.payload), Address(part.trial.arm.address)

        async def walk(attempt: Climb) -> None:
            if target.transport is Transport.WEBSOCKET:
                await send_hello(attempt, payload, address, part.endpoint, ALPN)
            else:
                hello = new_initiator(steps).client_hello()
                await send_bytes(attempt, hello, payload, address, part.endpoint)

        return await climb(Climb(steps, target, context, PROFILE), walk, part.trial)


def new_initiator(steps: Steps) -> Initiator:
    """A handshake with a fresh key."""
    return Initiator(whatsapp.HEADER, steps.net.random(KEY_LENGTH))


async def straight(attempt: Climb, connection: TcpConnection) -> None:
    """Noise on TCP."""
    initiator = new_initiator(attempt.steps)
    await attempt.steps.send(connection, initiator.client_hello())
    hello = await read_hello(attempt, initiator, lambda: attempt.steps.receive(connection))
    authenticate(attempt, hello)
    attempt.reached(Rung.AUTHENTICATED)


async def inside_websocket(attempt: Climb, connection: TcpConnection) -> None:
    """Noise in the messages of a WebSocket in TLS."""
    target = attempt.target
    tls = await attempt.tls(connection, TlsWish(server_name=target.host, alpn=ALPN))
    socket = await attempt.steps.websocket(tls, target.host, target.path or "/", target.origin or "")
    initiator = new_initiator(attempt.steps)
    await socket.send(initiator.client_hello())
    hello = await read_hello(attempt, initiator, socket.receive)
    authenticate(attempt, hello)
    attempt.reached(Rung.SUSTAINED)


async def read_hello(attempt: Climb, initiator: Initiator, receive: Receive) -> ServerHello:
    """Collect one frame and open it. Raises Failed: read, parse; verify for somebody else's reply."""
    reader = whatsapp.FrameReader()
    beginning = b""
    frames: list[bytes] = []
    while not frames:
        data = await receive()
        beginning = (beginning + data)[:LENGTH_FIELD]
        if len(beginning) == LENGTH_FIELD and int.from_bytes(beginning, "big") > LARGEST_HELLO:
            raise not_the_protocol("the reply is not a frame of WhatsApp's")
        frames = reader.feed(data)
    try:
        hello = initiator.read_server_hello(frames[0])
    except NotAuthentic as error:
        attempt.reached(Rung.PARSED)
        raise refused(attempt) from error
    except ValueError as error:
        raise not_the_protocol("the reply is not a ServerHello") from error
    attempt.reached(Rung.PARSED)
    return hello


def authenticate(attempt: Climb, hello: ServerHello) -> None:
    """The chain against the pinned root, at the clock's time. Raises Failed(..., "verify")."""
    root = pinned_root(attempt.target)
    try:
        verify_chain(hello.certificate_chain, hello.static, root, attempt.steps.net.clock.wall_now())
    except ChainRefused as error:
        raise refused(attempt) from error
    attempt.auth = Auth(method=METHOD, key_id=key_id(root), ok=True)


def refused(attempt: Climb) -> Failed:
    """Somebody else answered, or the server's certificate is not good: a fact in `auth`, not an opinion."""
    attempt.auth = Auth(method=METHOD, key_id=key_id(pinned_root(attempt.target)), ok=False)
    return Failed(f"{UNKNOWN_PREFIX}the Noise certificate chain does not lead to the pinned root", VERIFY)


def pinned_root(target: Target) -> bytes:
    """The root that the catalogue or the operator names. A catalogue entry without one is a mistake in it."""
    if target.pin is None:
        raise ValueError(f"{target.target_id}: the whatsapp experiment needs a pin")
    return target.pin


EXPERIMENT = WhatsApp()

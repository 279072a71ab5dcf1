"""A small Internet on the fake network: WhatsApp's four functions, a site at home, one abroad, twins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import h11
import wsproto
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from wsproto.events import AcceptConnection, BytesMessage, Request

from tests.fakes import Action, Authority, FakeNet, FarEnd, JumpingClock, serve_tls
from tests.fakes.clock import START
from tests.fakes.far_end import TlsFarEnd
from wallwatch import catalog, plugins
from wallwatch.net.failed import Timeouts
from wallwatch.net.seam import Endpoint
from wallwatch.vantage.looking import Kit
from wallwatch.wire import whatsapp
from wallwatch.wire.echo import build_echo
from wallwatch.wire.noise import Responder
from wallwatch.wire.tls_hello import looks_like_client_hello, parse_client_hello
from wallwatch.wire.whatsapp_certificate import encode_chain, issue_chain

CHAT, SIGN_UP, WEB, MEDIA = "31.13.95.50", "31.13.95.51", "31.13.95.52", "31.13.70.49"
WEIBO, EXAMPLE = "123.126.157.222", "51.75.60.11"
TWINS = ("95.217.40.64", "95.217.40.65")
TWIN_PORTS = (443, 5222, 80, 8443)
NAMES = {
    "g.whatsapp.net": [CHAT],
    "v.whatsapp.net": [SIGN_UP],
    "web.whatsapp.com": [WEB],
    "mmg.whatsapp.net": [MEDIA],
    "weibo.com": [WEIBO],
    "example.com": [EXAMPLE],
}
ROOT_PRIVATE, OTHER_ROOT, LEAF_PRIVATE = b"\x11" * 32, b"\x12" * 32, b"\x22" * 32
BEGIN, END = datetime(2010, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
TIMEOUTS = Timeouts(resolve=1.0, connect=1.2, handshake=1.2, read=1.0)

Talk = Callable[[FarEnd], Awaitable[None]]


def public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


class World:
    """The network, its authority, and the kit of a vantage in it."""

    def __init__(self, start: datetime = START) -> None:
        self.net = FakeNet(JumpingClock(start))
        self.authority = Authority()
        self.net.resolves(NAMES)
        for port in (443, 5222):
            self.net.serve(Endpoint(CHAT, port), chat())
        self.site(SIGN_UP, "v.whatsapp.net", b"no such page", status=404)
        self.site(MEDIA, "mmg.whatsapp.net", b"\x00" * 65536, status=206)
        self.site(WEIBO, "weibo.com", b"weibo")
        self.site(EXAMPLE, "example.com", b"example")
        self.net.serve(
            Endpoint(WEB, 443), serve_tls(self.authority.issue("web.whatsapp.com"), websocket_chat)
        )
        own = Authority("twin").issue("twin.invalid")
        for address in TWINS:
            for port in TWIN_PORTS:
                self.net.serve(Endpoint(address, port), twin(own.server_context))

    def site(self, address: str, name: str, body: bytes, status: int = 200) -> None:
        self.net.serve(Endpoint(address, 443), serve_tls(self.authority.issue(name), page(status, body)))

    def kit(self, pins: dict[str, str] | None = None) -> Kit:
        return Kit(
            net=self.net,
            roots=self.authority.roots(),
            timeouts=TIMEOUTS,
            catalogue=catalog.load(),
            pins={"whatsapp_noise_root": public(ROOT_PRIVATE).hex()} if pins is None else pins,
            experiments=plugins.discover("wallwatch.experiments", "EXPERIMENT"),
        )


def noise_reply(stream: bytes, root: bytes = ROOT_PRIVATE, until: datetime = END) -> bytes:
    """The ServerHello to a client's first flight."""
    opening = whatsapp.parse_opening(stream)
    (hello,) = whatsapp.FrameReader().feed(stream[opening.consumed :])
    chain = issue_chain(root, public(LEAF_PRIVATE), BEGIN, until)
    return Responder(opening.header, LEAF_PRIVATE, b"\x33" * 32).server_hello(hello, encode_chain(chain))


def chat(root: bytes = ROOT_PRIVATE, until: datetime = END, silent_to_garbage: bool = False) -> Talk:
    async def talk(far: FarEnd) -> None:
        data = await far.receive()
        if data.startswith(b"WA"):
            await far.send(noise_reply(data, root, until))
        if data.startswith(b"WA") or silent_to_garbage:
            await far.receive()  # until the client leaves

    return talk


def says(reply: bytes) -> Talk:
    """Reads something, says this, closes."""

    async def talk(far: FarEnd) -> None:
        await far.receive()
        await far.send(reply)

    return talk


async def silence(far: FarEnd) -> None:
    while await far.receive():
        pass


def page(status: int, body: bytes) -> Callable[[TlsFarEnd], Awaitable[None]]:
    async def talk(far: TlsFarEnd) -> None:
        server = h11.Connection(h11.SERVER)
        while server.next_event() is h11.NEED_DATA:
            data = await far.receive()
            if not data:
                return
            server.receive_data(data)
        head = h11.Response(status_code=status, headers=[("Content-Length", str(len(body)))])
        await far.send((server.send(head) or b"") + (server.send(h11.Data(data=body)) or b""))

    return talk


async def websocket_chat(far: TlsFarEnd) -> None:
    server = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    while True:
        data = await far.receive()
        if not data:
            return
        server.receive_data(data)
        for event in server.events():
            if isinstance(event, Request):
                assert event.target == "/ws/chat"
                await far.send(server.send(AcceptConnection()))
            elif isinstance(event, BytesMessage):
                await far.send(server.send(BytesMessage(data=noise_reply(bytes(event.data)))))


def twin(context: Callable[[], object]) -> Talk:
    async def talk(far: FarEnd) -> None:
        first = await far.receive()
        if not looks_like_client_hello(first):
            await far.send(build_echo(first))
            return
        tls = TlsFarEnd(far, context())  # type: ignore[arg-type]
        tls._in.write(first)
        await tls.shake_hands()
        await tls.receive()

    return talk


def gfw(*, noise: bool = False, sni: str | None = None) -> Callable[[Endpoint, bytes], Action]:
    """Drops WhatsApp's hello, resets a server name, anywhere."""

    def censor(endpoint: Endpoint, sent: bytes) -> Action:
        if noise and sent.startswith(b"WA"):
            return Action.DROP
        if sni is not None and looks_like_client_hello(sent) and parse_client_hello(sent).server_name == sni:
            return Action.RESET
        return Action.PASS

    return censor

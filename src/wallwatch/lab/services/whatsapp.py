"""WhatsApp's chat, registration and web servers, up to the proof of identity.

Text: Noise on raw TCP. Registration: HTTP over TLS, any path. Web: HTTP over TLS, and the same Noise in
binary messages of a WebSocket at /ws/chat. Both live on port 443 and so need different addresses. Nobody can
log in. A resumed session's (IK) hello is answered like a new one (XX).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wallwatch.lab.services._context import ERROR, OK, Running, ServiceContext
from wallwatch.lab.services._doors import TCP_MODES, Client, Door, open_doors, tls_context
from wallwatch.lab.services._http import Request, Response, converse
from wallwatch.lab.services._websocket import WebSocket
from wallwatch.wire import whatsapp
from wallwatch.wire.incomplete import Incomplete
from wallwatch.wire.noise import Responder

_WEBSOCKET_PATH = "/ws/chat"
_REGISTRATION_PREFIX = "v."
_LONGEST_OPENING = 8192  # bytes that are waited for until a hello is whole; real ones have some hundreds

_Receive = Callable[[], Awaitable[bytes]]  # the next bytes, b"" at the end
_Send = Callable[[bytes], Awaitable[None]]

WRONG_ROOT = "wrong_root"  # the chain is signed by a key that nobody pinned: what a man in the middle has
WRONG_STATIC = "wrong_static"  # a good chain, for another static key
EXPIRED = "expired"  # a good chain that ended a day after it began


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it listens. At least one of `chat` and `web` must be given; they must not share an address."""

    chat: tuple[str, ...] = ()  # addresses of the raw Noise servers
    chat_ports: tuple[int, ...] = (443, 5222)
    web: tuple[str, ...] = ()  # addresses of the registration and web server
    web_port: int = 443
    versions: tuple[int, ...] = (5, 6)  # protocol versions (third header byte) that are answered


class _Identity(msgspec.Struct, frozen=True):
    """What the server proves itself with."""

    static_private: bytes
    chain: bytes
    versions: frozenset[int]

    def answer(self, header: bytes, hello: bytes) -> bytes:
        """The framed ServerHello. ValueError if the hello is none of ours."""
        if header[2] not in self.versions:
            raise ValueError(f"protocol version {header[2]}")
        return Responder(header, self.static_private, os.urandom(32)).server_hello(hello, self.chain)


_Identities = Callable[[str], _Identity]  # by mode


class WhatsApp:
    """See the module."""

    name = "whatsapp"
    summary = "WhatsApp: text (Noise on 443 and 5222), registration (TLS), web (TLS, WebSocket, Noise)"
    options = Options
    modes = (*TCP_MODES, WRONG_ROOT, WRONG_STATIC, EXPIRED)

    async def serve(self, context: ServiceContext) -> Running:
        """Listen where the options say."""
        options = msgspec.convert(context.options, Options)
        if not options.chat and not options.web:
            raise ValueError("whatsapp needs `chat` or `web` addresses")
        identities = functools.cache(functools.partial(_identity, context, options))
        identities(OK)  # a wrong key is refused now; the impostors' chains (6 ms each) are signed when needed
        chat = functools.partial(_chat, identities)
        doors = [Door(address=a, port=p, talk=chat) for a in options.chat for p in options.chat_ports]
        if options.web:
            tls = tls_context(context.certificate, context.key)
            web = functools.partial(_web, identities)
            doors += [Door(address=a, port=options.web_port, talk=web, tls=tls) for a in options.web]
        return await open_doors(doors, self.modes)


SERVICE = WhatsApp()


def _identity(context: ServiceContext, options: Options, mode: str) -> _Identity:
    root, static = bytes.fromhex(context.noise_root_private), bytes.fromhex(context.noise_static_private)
    if len(root) != 32 or len(static) != 32:
        raise ValueError("whatsapp needs the lab's Noise root and static key, 32 bytes each")
    named, until = static, context.valid_until
    if mode == WRONG_ROOT:
        root = bytes(31) + b"\x01"
    elif mode == WRONG_STATIC:
        named = bytes(31) + b"\x01"
    elif mode == EXPIRED:
        until = context.valid_from + timedelta(days=1)
    public = X25519PrivateKey.from_private_bytes(named).public_key().public_bytes_raw()
    chain = whatsapp.issue_chain(root, public, context.valid_from, until)
    return _Identity(static, whatsapp.encode_chain(chain), frozenset(options.versions))


async def _chat(identities: _Identities, client: Client) -> None:
    if client.mode == ERROR:
        await client.reader.read(65536)
        return
    await _prove(identities(client.mode), functools.partial(client.reader.read, 65536), client.send)


async def _web(identities: _Identities, client: Client) -> None:
    upgrade = await converse(client, _respond, _WEBSOCKET_PATH)
    if upgrade is None:
        return
    socket = await WebSocket.accept(client, upgrade)
    await _prove(identities(client.mode), socket.receive, socket.send)
    await socket.close()


async def _prove(identity: _Identity, receive: _Receive, send: _Send) -> None:
    """Answer one hello, then hear out what only a user could send. Returns early when it is no hello."""
    try:
        opening, hello = await _first_message(receive)
        await send(identity.answer(opening.header, hello))
    except ValueError:
        return  # like the real servers: what is not understood earns the end of the stream
    while await receive():
        pass


async def _first_message(receive: _Receive) -> tuple[whatsapp.Opening, bytes]:
    """The client's header and first frame. ValueError if its stream is something else, or ends."""
    received = b""
    while len(received) <= _LONGEST_OPENING:
        more = await receive()
        if not more:
            raise ValueError("the stream ended before a hello")
        received += more
        try:
            opening = whatsapp.parse_opening(received)
        except Incomplete:
            continue
        if frames := whatsapp.FrameReader().feed(received[opening.consumed :]):
            return opening, frames[0]
    raise ValueError("no hello is that long")


def _respond(request: Request) -> Response:
    """Registration refuses whatever is asked without a phone number; all else is the web client's page."""
    if request.host.startswith(_REGISTRATION_PREFIX):
        body = b'{"status":"fail","reason":"missing_param"}'
        return Response(400, (("content-type", "text/json"),), body)
    if request.path == _WEBSOCKET_PATH:
        return Response(400, (("content-type", "text/plain"),), b"This is a WebSocket.\n")
    page = b"<!doctype html><title>WhatsApp Web (test double)</title>\n"
    return Response(200, (("content-type", "text/html; charset=utf-8"),), page)

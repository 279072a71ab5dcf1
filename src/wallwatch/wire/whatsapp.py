"""WhatsApp's framing and handshake messages (after whatsmeow and Baileys). The cryptography is in `noise`.

On TCP a client's stream opens with four header bytes, before them an optional routing prefix; then both
sides send frames of a 3-byte big-endian length. On a WebSocket the same bytes travel in binary messages.
"""

from __future__ import annotations

from msgspec import Struct

from wallwatch.wire import protobuf
from wallwatch.wire.incomplete import Incomplete
from wallwatch.wire.whatsapp_certificate import (
    PRODUCTION_ROOT,
    CertChain,
    ChainRefused,
    decode_chain,
    encode_chain,
    issue_chain,
    key_id,
    verify_chain,
)

__all__ = [
    "HEADER",
    "PRODUCTION_ROOT",
    "CertChain",
    "ChainRefused",
    "ClientHello",
    "FrameReader",
    "Incomplete",
    "Opening",
    "ServerHello",
    "decode_chain",
    "decode_client_hello",
    "decode_server_hello",
    "encode_chain",
    "encode_client_hello",
    "encode_server_hello",
    "frame",
    "issue_chain",
    "key_id",
    "parse_opening",
    "verify_chain",
]

MAGIC = b"WA"
HEADER = b"WA\x06\x03"  # 06: the web client's protocol version; 03: its dictionary's
ROUTING_MAGIC = b"ED\x00\x01"
LARGEST_FRAME = (1 << 24) - 1

_CLIENT_HELLO, _SERVER_HELLO = 2, 3  # field numbers in HandshakeMessage
_EPHEMERAL, _STATIC, _PAYLOAD = 1, 2, 3  # field numbers in either hello


class Opening(Struct, frozen=True):
    """What a client's stream begins with."""

    header: bytes  # the 4 bytes that are the Noise prologue
    routing: bytes | None  # the opaque blob of the routing prefix; None: there was none
    consumed: int  # bytes of the stream


class ClientHello(Struct, frozen=True):
    """The first handshake message. XX carries an ephemeral key only; IK (a resumed session) all three."""

    ephemeral: bytes
    static: bytes | None = None
    payload: bytes | None = None


class ServerHello(Struct, frozen=True):
    """The answer, still encrypted: `static` is 32 bytes and a tag, `payload` the certificates and a tag."""

    ephemeral: bytes
    static: bytes
    payload: bytes


def frame(message: bytes) -> bytes:
    """A message with its length before it. ValueError above 2**24 - 1 bytes."""
    if len(message) > LARGEST_FRAME:
        raise ValueError("a frame's length has three bytes")
    return len(message).to_bytes(3, "big") + message


class FrameReader:
    """Collects a stream and gives back the frames in it. It never raises: any bytes are some frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes held that do not make a whole frame yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The frames, without their lengths, that `data` completes."""
        self._buffer += data
        frames = []
        while len(self._buffer) >= 3:
            end = 3 + int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < end:
                break
            frames.append(bytes(self._buffer[3:end]))
            del self._buffer[:end]
        return frames


def parse_opening(stream: bytes) -> Opening:
    """The header at the start of a client's stream, whatever its version bytes.

    Raises Incomplete while the bytes so far are a beginning of one, ValueError when they are not.
    """
    routing, position = None, 0
    if stream[:4] == ROUTING_MAGIC:
        if len(stream) < 7:
            raise Incomplete("the routing prefix is cut")
        position = 7 + int.from_bytes(stream[4:7], "big")
        if len(stream) < position:
            raise Incomplete("the routing prefix is cut")
        routing = stream[7:position]
    elif ROUTING_MAGIC.startswith(stream):
        raise Incomplete("no header yet")
    header = stream[position : position + 4]
    if not MAGIC.startswith(header[:2]):
        raise ValueError("the stream does not open as WhatsApp's")
    if len(header) < 4:
        raise Incomplete("the header is cut")
    return Opening(header, routing, position + 4)


def encode_client_hello(hello: ClientHello) -> bytes:
    """A HandshakeMessage, without its frame."""
    return _encode_hello(_CLIENT_HELLO, (hello.ephemeral, hello.static, hello.payload))


def encode_server_hello(hello: ServerHello) -> bytes:
    """A HandshakeMessage, without its frame."""
    return _encode_hello(_SERVER_HELLO, (hello.ephemeral, hello.static, hello.payload))


def decode_client_hello(message: bytes) -> ClientHello:
    """The ClientHello in a HandshakeMessage. ValueError if there is none or its key is not 32 bytes."""
    ephemeral, static, payload = _decode_hello(_CLIENT_HELLO, message)
    return ClientHello(ephemeral, static, payload)


def decode_server_hello(message: bytes) -> ServerHello:
    """The ServerHello in a HandshakeMessage. ValueError if there is none or a part is missing."""
    ephemeral, static, payload = _decode_hello(_SERVER_HELLO, message)
    if static is None or payload is None:
        raise ValueError("a ServerHello without its static key or certificates")
    if len(static) != 48 or len(payload) < 16:
        raise ValueError("the parts of the ServerHello have impossible lengths")
    return ServerHello(ephemeral, static, payload)


def _encode_hello(number: int, parts: tuple[bytes | None, ...]) -> bytes:
    fields = [(index, part) for index, part in enumerate(parts, start=_EPHEMERAL) if part is not None]
    return protobuf.encode([(number, protobuf.encode(fields))])


def _decode_hello(number: int, message: bytes) -> tuple[bytes, bytes | None, bytes | None]:
    body = protobuf.last_bytes(protobuf.decode(message), number)
    if body is None:
        raise ValueError("the handshake message is of another kind")
    fields = protobuf.decode(body)
    ephemeral = protobuf.last_bytes(fields, _EPHEMERAL)
    if ephemeral is None or len(ephemeral) != 32:
        raise ValueError("a hello without a 32-byte ephemeral key")
    return ephemeral, protobuf.last_bytes(fields, _STATIC), protobuf.last_bytes(fields, _PAYLOAD)

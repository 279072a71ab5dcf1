"""The TLS ClientHello, as a middlebox or a twin reads it from the first bytes of a stream (RFC 8446).

Handshake messages spread over several records are put together; nothing after the ClientHello is looked at,
and nothing encrypted is opened.
"""

from __future__ import annotations

from msgspec import Struct

from wallwatch.wire.incomplete import Incomplete

__all__ = ["ClientHello", "Extension", "Incomplete", "looks_like_client_hello", "parse_client_hello"]

_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_LARGEST_RECORD = 16384 + 2048  # RFC 5246 section 6.2.3; what a lenient reader accepts
_LARGEST_HELLO = 65536  # real ones are below 3 KB, even with post-quantum key shares

_SERVER_NAME = 0
_ALPN = 16
_SUPPORTED_VERSIONS = 43
_ENCRYPTED_CLIENT_HELLO = 0xFE0D


class Extension(Struct, frozen=True):
    """One extension: its number (IANA's) and its raw body."""

    kind: int
    body: bytes


class ClientHello(Struct, frozen=True, kw_only=True):
    """What a ClientHello says in the clear."""

    server_name: str | None  # None: no server_name extension
    alpn: tuple[str, ...]
    versions: tuple[int, ...]  # offered, in order: 0x0304 is TLS 1.3; without the extension the legacy one
    legacy_version: int
    random: bytes  # 32 bytes
    session_id: bytes
    cipher_suites: tuple[int, ...]
    extensions: tuple[Extension, ...]
    consumed: int  # bytes of the stream up to the end of the record that completes it

    @property
    def has_encrypted_client_hello(self) -> bool:
        """Whether an ECH extension (real or GREASE) is there, so that `server_name` may be the outer one."""
        return any(extension.kind == _ENCRYPTED_CLIENT_HELLO for extension in self.extensions)


def looks_like_client_hello(prefix: bytes) -> bool:
    """Whether these first bytes may begin a ClientHello: as many of 16 03 0x .. .. 01 as are there.

    False for no bytes at all.
    """
    if not prefix or prefix[0] != _HANDSHAKE_RECORD:
        return False
    if len(prefix) > 1 and prefix[1] != 3:
        return False
    if len(prefix) > 2 and prefix[2] > 4:
        return False
    return len(prefix) < 6 or prefix[5] == _CLIENT_HELLO


def parse_client_hello(stream: bytes) -> ClientHello:
    """The ClientHello at the start of a client's stream.

    Raises Incomplete while the bytes so far are a beginning of one, ValueError when they are not.
    """
    message, consumed = _first_handshake_message(stream)
    reader = _Reader(message)
    legacy_version = reader.number(2)
    random = reader.take(32)
    session_id = reader.vector(1)
    suites = reader.vector(2)
    reader.vector(1)  # compression methods
    extensions = _extensions(reader.vector(2)) if reader.left else ()
    if reader.left:
        raise ValueError("bytes after the ClientHello's extensions")
    bodies = {extension.kind: extension.body for extension in extensions}
    return ClientHello(
        server_name=_server_name(bodies[_SERVER_NAME]) if _SERVER_NAME in bodies else None,
        alpn=_alpn(bodies[_ALPN]) if _ALPN in bodies else (),
        versions=_versions(bodies[_SUPPORTED_VERSIONS])
        if _SUPPORTED_VERSIONS in bodies
        else (legacy_version,),
        legacy_version=legacy_version,
        random=random,
        session_id=session_id,
        cipher_suites=_numbers(suites),
        extensions=extensions,
        consumed=consumed,
    )


def _first_handshake_message(stream: bytes) -> tuple[bytes, int]:
    """(body of the ClientHello, how far into the stream its last record reaches)."""
    if not stream:
        raise Incomplete("no bytes yet")
    message, position = b"", 0
    while position < len(stream):
        if not looks_like_client_hello(stream) or stream[position] != _HANDSHAKE_RECORD:
            raise ValueError("not a TLS handshake record with a ClientHello")
        if len(stream) - position < 5:
            raise Incomplete("the record header is cut")
        length = stream[position + 3] << 8 | stream[position + 4]
        if not 0 < length <= _LARGEST_RECORD:
            raise ValueError("a TLS record of impossible length")
        message += stream[position + 5 : position + 5 + length]
        position += 5 + length
        if len(message) >= 4:
            needed = 4 + int.from_bytes(message[1:4], "big")
            if message[0] != _CLIENT_HELLO or needed > _LARGEST_HELLO:
                raise ValueError("not a ClientHello")
            if len(message) >= needed:
                return message[4:needed], min(position, len(stream))
    raise Incomplete("the ClientHello is not whole yet")


class _Reader:
    """A cursor over bytes that raises ValueError at their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._position

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise ValueError("a length in the ClientHello reaches beyond its end")
        self._position += count
        return self._data[self._position - count : self._position]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, length_size: int) -> bytes:
        return self.take(self.number(length_size))


def _extensions(data: bytes) -> tuple[Extension, ...]:
    reader = _Reader(data)
    found = []
    while reader.left:
        found.append(Extension(reader.number(2), reader.vector(2)))
    return tuple(found)


def _server_name(body: bytes) -> str | None:
    """The first host_name of the list (RFC 6066 section 3), None when the list has none."""
    names = _Reader(_Reader(body).vector(2))
    while names.left:
        kind, name = names.number(1), names.vector(2)
        if kind == 0:
            if not name.isascii():
                raise ValueError("a server name that is not ASCII")
            return name.decode("ascii")
    return None


def _alpn(body: bytes) -> tuple[str, ...]:
    names = _Reader(_Reader(body).vector(2))
    found = []
    while names.left:
        found.append(names.vector(1).decode("latin-1"))
    return tuple(found)


def _versions(body: bytes) -> tuple[int, ...]:
    return _numbers(_Reader(body).vector(1))


def _numbers(data: bytes) -> tuple[int, ...]:
    if len(data) % 2:
        raise ValueError("a list of 16-bit numbers with an odd length")
    return tuple(data[i] << 8 | data[i + 1] for i in range(0, len(data), 2))

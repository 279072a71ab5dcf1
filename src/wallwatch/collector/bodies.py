"""Read a request's body: bounded, as it is sent or gzip-compressed, and not more of them at once than fit."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

MAX_BODY = 32 << 20  # bytes, after decompression: the largest measurement that is accepted
MAX_TOGETHER = 256 << 20  # bytes of all bodies being read
_GZIP = 31  # window bits: gzip with its header


class Refused(ValueError):  # noqa: N818 (as the seam names its own: Failed, Refusal)
    """The answer is this HTTP status and sentence."""

    def __init__(self, status: int, says: str) -> None:
        super().__init__(says)
        self.status = status


class Room:
    """How much of MAX_TOGETHER is taken."""

    def __init__(self, limit: int = MAX_TOGETHER) -> None:
        self._limit = limit
        self._taken = 0

    def take(self, size: int) -> None:
        """Raises Refused when there is none left."""
        if self._taken + size > self._limit:
            raise Refused(503, "too much is being submitted at once; try again")
        self._taken += size

    def give(self, size: int) -> None:
        self._taken -= size


class Body:
    """One body as it comes in. Use as a context, so that its room is given back."""

    def __init__(self, room: Room, encoding: str | None) -> None:
        """Raises Refused for an encoding other than gzip."""
        if encoding not in (None, "", "identity", "gzip"):
            raise Refused(415, "a body may be sent as it is or with Content-Encoding gzip")
        self._room = room
        self._inflate = zlib.decompressobj(wbits=_GZIP) if encoding == "gzip" else None
        self._content = bytearray()
        self._taken = 0

    def __enter__(self) -> Body:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.give(self._taken)

    async def read(self, pieces: AsyncIterator[bytes]) -> bytes:
        """All of it. Raises Refused when it is too long or damaged."""
        async for piece in pieces:
            self._add(piece if self._inflate is None else self._inflated(piece))
        if self._inflate is not None and not self._inflate.eof:
            raise Refused(400, "the gzip body is cut off")
        return bytes(self._content)

    def _inflated(self, piece: bytes) -> bytes:
        assert self._inflate is not None
        left = MAX_BODY + 1 - len(self._content)
        try:
            return self._inflate.decompress(piece, left)
        except zlib.error as error:
            raise Refused(400, "the body is not gzip") from error

    def _add(self, piece: bytes) -> None:
        if len(self._content) + len(piece) > MAX_BODY:
            raise Refused(413, f"a measurement may have {MAX_BODY} bytes")
        self._room.take(len(piece))
        self._taken += len(piece)
        self._content += piece

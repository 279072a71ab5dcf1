"""The lines of a stream, each held up to a bound: of a longer one only the beginning, its size and digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from msgspec import Struct

from wallwatch.archive.quarantine import KEPT_BYTES
from wallwatch.station.intake.streams import PIECE, CutShort, Readable

MAX_DOCUMENT = 32 << 20  # bytes of a line, or of a file that is one document


class Line(Struct, frozen=True, kw_only=True):
    """A line without its end. `content` is only its beginning where `size` is above MAX_DOCUMENT."""

    number: int
    content: bytes
    size: int
    sha256: str
    cut: CutShort | None  # the stream broke off in it, or before it

    @property
    def is_whole(self) -> bool:
        return self.size <= MAX_DOCUMENT and self.cut is None


class Growing:
    """Bytes that come in pieces: counted, digested, and held as long as they are few enough."""

    def __init__(self) -> None:
        self.held = bytearray()
        self.size = 0
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._digest.update(piece)
        if self.size <= MAX_DOCUMENT:
            self.held += piece
        elif len(self.held) > KEPT_BYTES:
            del self.held[KEPT_BYTES:]

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def line(self, number: int, cut: CutShort | None = None) -> Line:
        return Line(number=number, content=bytes(self.held), size=self.size, sha256=self.sha256, cut=cut)


def lines(stream: Readable) -> Iterator[Line]:
    """All of them. A stream that breaks off ends with a line that says so. Raises OSError."""
    number, growing = 1, Growing()
    while True:
        try:
            piece = stream.read(PIECE)
        except CutShort as cut:
            yield growing.line(number, cut)
            return
        if not piece:
            if growing.size:
                yield growing.line(number)
            return
        *whole, rest = piece.split(b"\n")
        for part in whole:
            growing.add(part)
            yield growing.line(number)
            number, growing = number + 1, Growing()
        growing.add(rest)

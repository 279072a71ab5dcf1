"""A file's content as a stream of bytes, whatever it is packed with; one packed wrongly ends with a reason.

No step unpacks more than 32 MiB, however small a bomb was packed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import zstandard
from isal import isal_zlib

PIECE = 1 << 20  # bytes
UNKNOWN_PACKING = "unknown packing"
_GZIP_WINDOW = 31  # gzip with its header
_ZSTD_PIECE = 1 << 10  # four bytes of zstd can stand for 128 KiB (RFC 8878, RLE blocks)
LONGEST_MAGIC = 6
_NOT_TAKEN = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x04\x22\x4d\x18": "lz4", b"PK\x03\x04": "zip"}
_GZIP_ERROR: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # isal's stub calls it an instance


class CutShort(Exception):  # noqa: N818 (it is the input's, as `Failed` is the network's)
    """The rest of the stream cannot be had. What was read before is good."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Readable(Protocol):
    """What a stream must be able to do. May raise CutShort."""

    def read(self, size: int, /) -> bytes: ...


class Member(Protocol):
    """One packed member being unpacked. A file may hold several, one behind the other."""

    over: bool  # it has come to its end

    def unpack(self, packed: bytes) -> tuple[bytes, bytes]:
        """What comes out, and the bytes not used yet. Raises CutShort."""


class GzipMember:
    """gzip (RFC 1952)."""

    def __init__(self) -> None:
        self.over = False
        self._inside = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)

    def unpack(self, packed: bytes) -> tuple[bytes, bytes]:
        try:
            content = self._inside.decompress(packed, PIECE)
        except _GZIP_ERROR as error:
            raise CutShort("damaged gzip", f"the gzip stream is damaged: {error}") from error
        self.over = self._inside.eof
        return bytes(content), bytes(self._inside.unused_data if self.over else self._inside.unconsumed_tail)


class ZstdMember:
    """A frame of zstd (RFC 8878)."""

    def __init__(self) -> None:
        self.over = False
        self._inside = zstandard.ZstdDecompressor().decompressobj()

    def unpack(self, packed: bytes) -> tuple[bytes, bytes]:
        piece, rest = packed[:_ZSTD_PIECE], packed[_ZSTD_PIECE:]
        try:
            content = self._inside.decompress(piece)
        except zstandard.ZstdError as error:
            raise CutShort("damaged zstd", f"the zstd stream is damaged: {error}") from error
        self.over = self._inside.eof
        return content, (self._inside.unused_data + rest if self.over else rest)


_PACKINGS: dict[bytes, tuple[str, Callable[[], Member]]] = {
    b"\x1f\x8b": ("gzip", GzipMember),
    b"\x28\xb5\x2f\xfd": ("zstd", ZstdMember),
}


class Unpacked:
    """Reads what a file holds: as it is, or unpacked member after member."""

    def __init__(self, file: Readable) -> None:
        """Raises CutShort for a packing that is not taken."""
        self._file = file
        self._packed = file.read(PIECE)
        self._ready = memoryview(b"")  # slices of it copy nothing
        self._name, self._new = _packing(self._packed)
        self._member: Member | None = None
        self._cut: CutShort | None = None

    def read(self, size: int = PIECE) -> bytes:
        """Up to `size` bytes, b"" at the end. Raises CutShort where the packing is damaged, and OSError."""
        while not self._ready and self._cut is None and self._advance():
            pass
        if not self._ready and self._cut is not None:
            raise self._cut
        piece, self._ready = self._ready[:size], self._ready[size:]
        return bytes(piece)

    def _advance(self) -> bool:
        try:
            return self._more()
        except CutShort as cut:
            self._cut = cut  # whoever reads on is told again
            return True

    def _more(self) -> bool:
        """Get on; False at the end."""
        packed, self._packed = self._packed, b""
        if len(packed) < LONGEST_MAGIC:
            packed += self._file.read(PIECE)
        if self._new is None:
            self._ready = memoryview(packed)
            return bool(packed)
        if self._member is None and not packed.strip(b"\0"):  # the end, or zeros that pad it
            return bool(packed)
        if not packed:
            raise CutShort(f"truncated {self._name}", f"the {self._name} stream ends before its end")
        if self._member is None:
            if not packed.startswith(tuple(_PACKINGS)):
                raise CutShort(
                    f"damaged {self._name}", f"something else stands behind the {self._name} stream"
                )
            self._member = self._new()
        ready, self._packed = self._member.unpack(packed)
        self._ready = memoryview(ready)
        if self._member.over:
            self._member = None
        return True


def _packing(beginning: bytes) -> tuple[str, Callable[[], Member] | None]:
    for magic, name in _NOT_TAKEN.items():
        if beginning.startswith(magic):
            raise CutShort(UNKNOWN_PACKING, f"{name} is not taken; unpack it, or pack it with gzip or zstd")
    for magic, found in _PACKINGS.items():
        if beginning.startswith(magic):
            return found
    return "", None

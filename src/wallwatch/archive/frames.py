"""Frames of a segment: some lines, compressed together and written in one go.

A frame is whole or it does not count: a writer that dies leaves at most one torn frame, at the end of its own
file. A frame that is damaged otherwise is reported and stepped over; the ones behind it still count.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import zstandard
from msgspec import Struct

LEVEL = 6  # measured on 80 real measurements, 4.5 MB: 0.44 MB in 20 ms; level 12 takes 66 ms for 8 % less
MAGIC = zstandard.FRAME_HEADER  # b"\x28\xb5\x2f\xfd", RFC 8878 section 3.1.1
_PIECE = 1 << 20


class Frame(Struct, frozen=True):
    """A frame found in a file. `offset` and `length` in bytes of the file."""

    offset: int
    length: int
    lines: tuple[bytes, ...]  # without line ends


class Damage(Struct, frozen=True):
    """A stretch of a file that is no whole frame. `torn`: one begins there, and nothing comes behind it."""

    offset: int
    length: int
    torn: bool


def compress(lines: Sequence[bytes]) -> bytes:
    """One frame of these lines, with their total size and a checksum in it."""
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    return compressor.compress(b"".join(line + b"\n" for line in lines))


def read(path: Path, since: int = 0) -> Iterator[Frame | Damage]:
    """The frames of a segment from byte `since` (a frame's start) on, in order. Raises OSError.

    Holds one frame in memory, compressed and not.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        offset = since
        while offset < size:
            found = _frame_at(file, offset) or _damage_at(file, offset, size)
            yield found
            offset += found.length


def read_one(path: Path, offset: int, length: int) -> Frame:
    """The frame at a known place. Raises OSError, or ValueError where there is none."""
    with path.open("rb") as file:
        file.seek(offset)
        content = file.read(length)
    try:
        return Frame(offset, length, _lines(zstandard.ZstdDecompressor().decompress(content)))
    except zstandard.ZstdError as error:
        raise ValueError(f"no frame at byte {offset} of {path}: {error}") from error


def _frame_at(file: BinaryIO, offset: int) -> Frame | None:
    """The frame that begins there; None where none does or it is not whole."""
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    content = bytearray()
    file.seek(offset)
    while piece := file.read(_PIECE):
        try:
            content += decompressor.decompress(piece)
        except zstandard.ZstdError:
            return None
        if decompressor.eof:
            end = file.tell() - len(decompressor.unused_data)
            return Frame(offset, end - offset, _lines(bytes(content)))
    return None


def _damage_at(file: BinaryIO, offset: int, size: int) -> Damage:
    """From there to the next thing that looks like a frame.

    Torn only if nothing follows: a flipped bit in a header can also make a frame ask for more than there is.
    """
    file.seek(offset)
    begins_well = MAGIC.startswith(file.read(len(MAGIC)))
    at = offset + 1
    file.seek(at)
    while piece := file.read(_PIECE):
        found = piece.find(MAGIC)
        if found >= 0:
            return Damage(offset, at + found - offset, torn=False)
        if len(piece) < _PIECE:
            break
        at += len(piece) - len(MAGIC) + 1
        file.seek(at)
    return Damage(offset, size - offset, torn=begins_well)


def _lines(content: bytes) -> tuple[bytes, ...]:
    return tuple(content.split(b"\n")[:-1])

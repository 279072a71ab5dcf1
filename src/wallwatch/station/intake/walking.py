"""Find the files under the paths that were named, and open what they hold, tar archives member by member."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, cast

from msgspec import Struct
from msgspec.structs import replace

from wallwatch.station.intake.lines import Growing
from wallwatch.station.intake.splitting import Piece, Spoilt, split
from wallwatch.station.intake.streams import UNKNOWN_PACKING, CutShort, Readable, Unpacked

UNREADABLE = "unreadable file"
DAMAGED_TAR = "damaged tar"
_TAR_BLOCK = 512
_TAR_MAGIC = slice(257, 262)  # POSIX ustar and GNU tar alike
_POSTCAN = re.compile(r"(\d{14}\.\d{6}_[A-Z]{2}_[a-z]+_[0-9a-f]{16})\.(?:post|json)")


class Source(Struct, frozen=True):
    """A file to read. `name` is relative to the folder that was named, or its own name."""

    path: Path
    name: str
    size: int


class Found(Struct, frozen=True):
    """A piece of a source. `uid` is what the name of the file it stood in calls it."""

    piece: Piece
    uid: str | None


def sources(paths: Sequence[Path], without: Path) -> Iterator[Source]:
    """Every regular file under `paths`, in order of name, save what lies in the folder `without`."""
    for path in paths:
        if path.is_dir():
            yield from (
                Source(file, str(file.relative_to(path.parent)), file.stat().st_size)
                for file in sorted(path.rglob("*"))
                if file.is_file() and not file.is_symlink() and without not in file.parents
            )
        else:
            yield Source(path, path.name, path.stat().st_size)


def pieces(source: Source) -> Iterator[Found]:
    """What a source holds, at least one piece. What is wrong with it is a piece too: nothing is raised."""
    told: str | None = None
    try:
        with source.path.open("rb") as file:
            for found in _opened(source.path.name, Peeking(Unpacked(file))):
                told = found.piece.reason if isinstance(found.piece, Spoilt) else None
                yield found
    except CutShort as cut:
        if told != cut.reason:  # else the member in which it broke off has said so
            yield _broken(cut.reason, cut.detail)
    except OSError as error:
        yield _broken(UNREADABLE, error.strerror or str(error))


def _opened(name: str, stream: Peeking) -> Iterator[Found]:
    if stream.peek(_TAR_BLOCK)[_TAR_MAGIC] == b"ustar":
        yield from _members(stream)
    else:
        yield from _of_stream("", name, stream)


class Peeking:
    """A stream of which one may look at the beginning first."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._seen = b""

    def peek(self, size: int) -> bytes:
        """At most `size` bytes; fewer where the stream is shorter or breaks off."""
        while len(self._seen) < size:
            try:
                piece = self._stream.read(size - len(self._seen))
            except CutShort:  # it will be raised again by whoever reads on
                break
            if not piece:
                break
            self._seen += piece
        return self._seen[:size]

    def read(self, size: int, /) -> bytes:
        if self._seen:
            piece, self._seen = self._seen[:size], self._seen[size:]
            return piece
        return self._stream.read(size)


def _members(stream: Readable) -> Iterator[Found]:
    """The files of a tar archive, read as they pass by."""
    try:
        with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|") as archive:
            for member in archive:
                opened = archive.extractfile(member) if member.isfile() else None
                if opened is not None:
                    with closing(opened):
                        yield from _member(member.name, opened)
    except tarfile.TarError as error:
        yield _broken(DAMAGED_TAR, str(error))


def _member(name: str, opened: IO[bytes]) -> Iterator[Found]:
    try:
        yield from _of_stream(f"member {name}", Path(name).name, Unpacked(opened))
    except CutShort as cut:
        if cut.reason != UNKNOWN_PACKING:  # it is the archive around it that breaks off
            raise
        yield _broken(cut.reason, cut.detail, f"member {name}")


def _of_stream(place: str, name: str, stream: Readable) -> Iterator[Found]:
    postcan = _POSTCAN.fullmatch(name)
    uid = postcan.group(1) if postcan else None
    for piece in split(stream):
        position = ", ".join(part for part in (place, piece.position) if part)
        yield Found(piece=replace(piece, position=position), uid=uid)


def _broken(reason: str, detail: str, position: str = "") -> Found:
    nothing = Growing().line(0)
    return Found(
        piece=Spoilt(
            position=position, reason=reason, detail=detail, head=b"", size=0, sha256=nothing.sha256
        ),
        uid=None,
    )

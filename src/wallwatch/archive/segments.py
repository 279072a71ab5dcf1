"""The archive: `YYYY-MM-DD/HH/<writer>.jsonl.zst`, one measurement a line, as received, by the hour it began.

What `append` has returned for is on the disk. Segments are only ever appended to; each writer has its own, so
a torn frame can only be the last one of a writer that died; it was never acknowledged and is cut off at the
next opening. What must be known of a line is handed in: nothing here reads a measurement.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from wallwatch.archive import frames
from wallwatch.archive.durable import make_folders, sync_folder, write_durably
from wallwatch.archive.index import Index, Place

INDEX = "index.db"
SUFFIX = ".jsonl.zst"
TORN = ".torn"
FRAME_BYTES = 8 << 20  # a frame is closed when its lines are this long; a longer line has one of its own
_READ_AT_ONCE = 256


class Identity(Struct, frozen=True, kw_only=True):
    """What the archive must know of a line."""

    uid: str
    start: datetime  # when the measurement began, aware
    bare: bool  # a row of a listing, without the measurement's body: a body of the same uid replaces it


Identify: TypeAlias = Callable[[bytes], Identity]  # raises ValueError for a line that is no measurement


class Arrival(Struct, frozen=True, kw_only=True):
    """A measurement to be kept. `line` is one line of JSON without its end."""

    identity: Identity
    line: bytes


class Fate(StrEnum):
    """What became of an arrival."""

    NEW = "new"
    UPGRADE = "upgrade"  # the body of a measurement of which only a listing's row was there
    DUPLICATE = "duplicate"


class Record(Struct, frozen=True, kw_only=True):
    """An archived measurement. `seq` grows with arrival and is the cursor for reading on."""

    seq: int
    uid: str
    bare: bool
    upgrade: bool  # a bare one of this uid had another number before
    line: bytes


class Archive:
    """One archive folder, opened for reading and writing. May be used from several threads."""

    def __init__(self, root: Path, identify: Identify) -> None:
        """Open or make it, and bring the index up to what lies on the disk. Raises OSError."""
        self._root = root
        self._identify = identify
        self._writer = f"{os.getpid():x}-{secrets.token_hex(4)}{SUFFIX}"
        self.damages: list[
            tuple[str, frames.Damage]
        ] = []  # found at opening, for whoever wants to report them
        make_folders(root)
        self._index = _open_index(root / INDEX)
        self._recover()

    def close(self) -> None:
        self._index.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def generation(self) -> str:
        """The index's: cursors of another generation are void, read from 0."""
        return self._index.generation

    def __len__(self) -> int:
        return self._index.count()

    def has(self, uid: str) -> bool:
        """Whether it is there, be it as a listing's row only."""
        return bool(self._index.known([uid]))

    def append(self, arrivals: Sequence[Arrival]) -> list[Fate]:
        """Keep what is new; durable when it returns. Raises OSError, and then nothing of it was kept."""
        before: dict[Path, int] = {}
        with self._index.writing():
            fates = self._fates(arrivals)
            kept = [one for one, fate in zip(arrivals, fates, strict=True) if fate is not Fate.DUPLICATE]
            try:
                for segment, group in _by_segment(kept, self._writer).items():
                    self._write(segment, group, before)
            except BaseException:
                for path, size in before.items():
                    os.truncate(path, size)
                raise
        return fates

    def since(self, seq: int, limit: int | None = None) -> Iterator[Record]:
        """Records that arrived after number `seq`, in order, at most `limit` of them."""
        left = limit
        while left is None or left > 0:
            places = self._index.since(seq, _READ_AT_ONCE if left is None else min(left, _READ_AT_ONCE))
            if not places:
                return
            yield from self._records(places)
            seq = places[-1].seq
            left = None if left is None else left - len(places)

    def last(self) -> int:
        """The newest record's number; 0 for an empty archive."""
        return self._index.last()

    def get(self, uid: str) -> Record | None:
        """One measurement as archived, None where there is none of that uid."""
        place = self._index.place(uid)
        return next(self._records([place]), None) if place else None

    def _records(self, places: list[Place]) -> Iterator[Record]:
        frame: tuple[str, frames.Frame] | None = None
        for place in places:
            if frame is None or (frame[0], frame[1].offset) != (place.segment, place.offset):
                found = frames.read_one(self._root / place.segment, place.offset, place.length)
                frame = (place.segment, found)
            yield Record(
                seq=place.seq,
                uid=place.uid,
                bare=place.bare,
                upgrade=place.upgrade,
                line=frame[1].lines[place.line],
            )

    def _fates(self, arrivals: Sequence[Arrival]) -> list[Fate]:
        known = self._index.known([one.identity.uid for one in arrivals])
        fates: list[Fate] = []
        for one in arrivals:
            bare = known.get(one.identity.uid)
            if bare is None:
                fate = Fate.NEW
            elif bare and not one.identity.bare:
                fate = Fate.UPGRADE
            else:
                fate = Fate.DUPLICATE
            if fate is not Fate.DUPLICATE:
                known[one.identity.uid] = one.identity.bare
            fates.append(fate)
        return fates

    def _write(self, segment: str, arrivals: list[Arrival], before: dict[Path, int]) -> None:
        """Append to one segment, reach the disk, then enter the places."""
        path = self._root / segment
        is_new = not path.exists()
        if is_new:
            make_folders(path.parent)
        with path.open("ab") as file:
            offset = before[path] = file.seek(0, os.SEEK_END)
            places: list[Place] = []
            for group in _framed(arrivals):
                frame = frames.compress([one.line for one in group])
                file.write(frame)
                places += _places(segment, group, offset, len(frame))
                offset += len(frame)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(path.parent)
        self._index.set_size(segment, offset)
        self._index.add(places)

    def _recover(self) -> None:
        """Enter what is on the disk and not in the index; cut off torn ends. No writer works meanwhile."""
        with self._index.writing():
            indexed = self._index.sizes()
            present = {
                str(path.relative_to(self._root)): path.stat().st_size
                for path in sorted(self._root.glob(f"*/*/*{SUFFIX}"))
            }
            if any(present.get(segment, -1) < size for segment, size in indexed.items()):
                self._index.forget_all()
                indexed = {}
            for segment, size in present.items():
                if size > indexed.get(segment, 0):
                    self._take_in(segment, indexed.get(segment, 0))

    def _take_in(self, segment: str, since: int) -> None:
        path = self._root / segment
        end = since
        for found in frames.read(path, since):
            if isinstance(found, frames.Frame):
                end = found.offset + found.length
                self._index.set_size(segment, end)
                self._index.add(self._places_in(segment, found))
                continue
            self.damages.append((segment, found))
            if found.torn:
                _cut_off(path, found)
            else:
                end = found.offset + found.length
                self._index.set_size(segment, end)

    def _places_in(self, segment: str, frame: frames.Frame) -> Iterator[Place]:
        for number, line in enumerate(frame.lines):
            try:
                identity = self._identify(line)
            except ValueError:  # another version took it in; it stays on the disk, for that one
                self.damages.append((segment, frames.Damage(frame.offset, frame.length, torn=False)))
                continue
            yield _place(identity, segment, (frame.offset, frame.length), number)


def _cut_off(path: Path, damage: frames.Damage) -> None:
    """End the segment where its last whole frame ends; put the rest beside it, for whoever wants to look."""
    with path.open("rb") as file:
        file.seek(damage.offset)
        write_durably(path.with_name(f"{path.name}.{damage.offset}{TORN}"), file.read())
    os.truncate(path, damage.offset)


def _open_index(path: Path) -> Index:
    try:
        return Index(path)
    except sqlite3.DatabaseError:  # damaged: it holds nothing that the segments do not
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
        return Index(path)


def _by_segment(arrivals: Sequence[Arrival], writer: str) -> dict[str, list[Arrival]]:
    grouped: dict[str, list[Arrival]] = defaultdict(list)
    for one in arrivals:
        start = one.identity.start.astimezone(UTC)
        grouped[f"{start.date().isoformat()}/{start.hour:02d}/{writer}"].append(one)
    return dict(sorted(grouped.items()))


def _framed(arrivals: list[Arrival]) -> Iterator[list[Arrival]]:
    group: list[Arrival] = []
    size = 0
    for one in arrivals:
        if group and size + len(one.line) > FRAME_BYTES:
            yield group
            group, size = [], 0
        group.append(one)
        size += len(one.line)
    if group:
        yield group


def _places(segment: str, group: list[Arrival], offset: int, length: int) -> list[Place]:
    return [_place(one.identity, segment, (offset, length), number) for number, one in enumerate(group)]


def _place(identity: Identity, segment: str, frame: tuple[int, int], line: int) -> Place:
    return Place(
        uid=identity.uid, bare=identity.bare, segment=segment, offset=frame[0], length=frame[1], line=line
    )

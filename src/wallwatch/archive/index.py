"""Where each archived measurement lies, by uid and in order of arrival: an SQLite file beside the segments.

All of it can be made again from the segments; `segments.py` does so where it is missing or does not match.
Its write lock is also what keeps two writers of one archive from accepting the same measurement twice.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from msgspec import Struct

from wallwatch.archive.transaction import whole

BUSY_SECONDS = 60.0  # how long to wait for another writer's frame to reach its disk
_ASK_AT_ONCE = 500  # SQLite takes at most 999 parameters in its oldest builds

_TABLES = """
CREATE TABLE IF NOT EXISTS about (generation TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS segments (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    bare INTEGER NOT NULL,
    upgrade INTEGER NOT NULL,
    segment INTEGER NOT NULL REFERENCES segments (id),
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    line INTEGER NOT NULL
);
"""


class Place(Struct, frozen=True, kw_only=True):
    """Where a measurement lies: frame (bytes) and line of a segment (path relative to the archive)."""

    uid: str
    bare: bool  # a row of a listing: the body is not known yet
    segment: str
    offset: int
    length: int
    line: int
    seq: int = 0  # order of arrival; given by the index
    upgrade: bool = False  # it took the place of a bare one; said by the index


class Index:
    """The index file of one archive. May be used from several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = RLock()
        self._connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")  # it can be made again
        self._connection.executescript(_TABLES)
        with self.writing():
            if self._one("SELECT generation FROM about") is None:
                self._connection.execute("INSERT INTO about VALUES (?)", (uuid.uuid4().hex,))

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the write lock, against other processes too. What is done inside counts as a whole or not."""
        with self._lock, whole(self._connection):
            yield

    @property
    def generation(self) -> str:
        """Changes when the index is made anew: sequence numbers of another generation mean nothing."""
        row = self._one("SELECT generation FROM about")
        return str(row[0]) if row else ""

    def forget_all(self) -> None:
        """Empty it, as a new generation. Call inside `writing`."""
        for table in ("records", "segments", "about"):
            self._connection.execute(f"DELETE FROM {table}")
        self._connection.execute("INSERT INTO about VALUES (?)", (uuid.uuid4().hex,))

    def sizes(self) -> dict[str, int]:
        """Segment -> how many of its bytes are in the index."""
        with self._lock:
            return dict(self._connection.execute("SELECT path, bytes FROM segments").fetchall())

    def known(self, uids: Sequence[str]) -> dict[str, bool]:
        """Those of `uids` that are archived -> whether only a row of a listing is."""
        found: dict[str, bool] = {}
        for start in range(0, len(uids), _ASK_AT_ONCE):
            some = uids[start : start + _ASK_AT_ONCE]
            marks = ",".join("?" * len(some))
            with self._lock:
                rows = self._connection.execute(
                    f"SELECT uid, bare FROM records WHERE uid IN ({marks})",
                    list(some),
                ).fetchall()
            found.update((uid, bool(bare)) for uid, bare in rows)
        return found

    def add(self, places: Iterable[Place]) -> None:
        """Enter them in this order. A body takes the place of a bare row; else the first one of a uid stays.

        Call inside `writing`.
        """
        for place in places:
            upgrade = False
            if not place.bare:
                gone = self._connection.execute(
                    "DELETE FROM records WHERE uid = ? AND bare = 1", (place.uid,)
                )
                upgrade = gone.rowcount > 0
            self._connection.execute(
                "INSERT OR IGNORE INTO records (uid, bare, upgrade, segment, offset, length, line) "
                "VALUES (?, ?, ?, (SELECT id FROM segments WHERE path = ?), ?, ?, ?)",
                (place.uid, place.bare, upgrade, place.segment, place.offset, place.length, place.line),
            )

    def set_size(self, segment: str, size: int) -> None:
        """So many bytes of it are in the index. Call inside `writing`, before `add`."""
        self._connection.execute(
            "INSERT INTO segments (path, bytes) VALUES (?, ?) "
            "ON CONFLICT (path) DO UPDATE SET bytes = excluded.bytes",
            (segment, size),
        )

    def last(self) -> int:
        """The newest sequence number, 0 where there is none."""
        row = self._one("SELECT max(seq) FROM records")
        return int(row[0]) if row and row[0] is not None else 0

    def count(self) -> int:
        """How many measurements there are."""
        row = self._one("SELECT count(*) FROM records")
        return int(row[0]) if row else 0

    def since(self, seq: int, limit: int) -> list[Place]:
        """Up to `limit` places with a number above `seq`, in order."""
        return self._places("WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))

    def place(self, uid: str) -> Place | None:
        """Where the measurement of that uid lies."""
        found = self._places("WHERE uid = ?", (uid,))
        return found[0] if found else None

    def _places(self, condition: str, values: tuple[object, ...]) -> list[Place]:
        query = (
            "SELECT uid, bare, path, offset, length, line, seq, upgrade FROM records "
            f"JOIN segments ON segments.id = records.segment {condition}"
        )
        with self._lock:
            rows = self._connection.execute(query, values).fetchall()
        return [
            Place(
                uid=uid,
                bare=bool(bare),
                segment=path,
                offset=offset,
                length=length,
                line=line,
                seq=number,
                upgrade=bool(upgrade),
            )
            for uid, bare, path, offset, length, line, number, upgrade in rows
        ]

    def _one(self, query: str) -> tuple[Any, ...] | None:
        with self._lock:
            row: tuple[Any, ...] | None = self._connection.execute(query).fetchone()
        return row

"""station.db: what was published under which id, the log of what was noticed, and where the station stands.

Together with the archive the one thing that cannot be made again. Knows SQLite, not what an incident means.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import msgspec
from msgspec import Struct

from wallwatch.archive.transaction import whole
from wallwatch.model.incident import Incident, State
from wallwatch.model.times import from_text, to_rfc3339
from wallwatch.model.view import Note
from wallwatch.station.news import News, Told

BUSY_SECONDS = 60.0

_TABLES = """
CREATE TABLE IF NOT EXISTS standing (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS published (
    id TEXT PRIMARY KEY,
    document BLOB NOT NULL,
    withdrawn INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS silences (document BLOB PRIMARY KEY);
CREATE TABLE IF NOT EXISTS notes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT,
    text TEXT NOT NULL,
    incident_id TEXT
);
"""


class Published(Struct, frozen=True):
    """An incident as it was last given out. `withdrawn`: later data explained it away; it keeps its id."""

    incident: Incident
    withdrawn: bool


class Ledger:
    """One station.db. May be used from several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = RLock()
        self._connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def standing(self, name: str) -> str | None:
        """A remark of the station to itself."""
        with self._lock:
            row = self._connection.execute("SELECT value FROM standing WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_standing(self, name: str, value: str) -> None:
        with self._lock:
            self._connection.execute(
                "INSERT INTO standing VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def published(self) -> list[Published]:
        """All that ever were, by id."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT document, withdrawn FROM published ORDER BY id"
            ).fetchall()
        return [
            Published(msgspec.json.decode(document, type=Incident), bool(withdrawn))
            for document, withdrawn in rows
        ]

    def silences(self) -> list[Told]:
        """Those of which the log last spoke."""
        with self._lock:
            rows = self._connection.execute("SELECT document FROM silences").fetchall()
        return [msgspec.json.decode(document, type=Told) for (document,) in rows]

    def publish(self, changed: Sequence[Published], silences: Sequence[Told], news: Sequence[News]) -> None:
        """What has changed and the lines about it, as a whole or not at all."""
        with self._writing():
            self._connection.executemany(
                "INSERT INTO published VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE "
                "SET document = excluded.document, withdrawn = excluded.withdrawn",
                [(one.incident.id, msgspec.json.encode(one.incident), one.withdrawn) for one in changed],
            )
            self._connection.execute("DELETE FROM silences")
            self._connection.executemany(
                "INSERT OR IGNORE INTO silences VALUES (?)", [(msgspec.json.encode(one),) for one in silences]
            )
            self._connection.executemany(
                "INSERT INTO notes (time, kind, state, text, incident_id) VALUES (?, ?, ?, ?, ?)",
                [(to_rfc3339(one.time), one.kind, one.state, one.text, one.incident_id) for one in news],
            )

    def notes(self, after: int, most: int) -> list[Note]:
        """The latest `most` lines above number `after`, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT number, time, kind, state, text, incident_id FROM notes "
                "WHERE number > ? ORDER BY number DESC LIMIT ?",
                (after, most),
            ).fetchall()
        return [
            Note(
                number=number,
                time=from_text(time),
                kind=kind,
                state=None if state is None else State(state),
                text=text,
                incident_id=incident_id,
            )
            for number, time, kind, state, text, incident_id in reversed(rows)
        ]

    def last_note(self) -> int:
        """The newest line's number; 0 where there is none."""
        with self._lock:
            (number,) = self._connection.execute("SELECT coalesce(max(number), 0) FROM notes").fetchone()
        return int(number)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, whole(self._connection):
            yield

"""SQLite transactions that hold the write lock, against other processes too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def whole(connection: sqlite3.Connection) -> Iterator[None]:
    """What is done inside counts as a whole or not at all. The connection is in autocommit mode."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")

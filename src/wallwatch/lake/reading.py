"""Ask the lake: DuckDB over the tables' Parquet files, with the queries of `sql/`.

Values go in as named parameters. Nothing is installed or loaded at run time, and nothing is written.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from wallwatch.lake.columns import Row, rows_of
from wallwatch.lake.lake import Lake
from wallwatch.lake.tables import TABLES, Table

T = TypeVar("T")


class Reading:
    """Questions about one lake. May be used from several threads; they take turns."""

    def __init__(self, root: Path) -> None:
        """Raises SchemaError."""
        self._lock = RLock()
        self._lake = Lake(root)
        self._shown: dict[str, int] = {}
        self._connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "threads": 2,
            }
        )
        self._connection.execute("SET TimeZone = 'UTC'")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def versions(self) -> tuple[int, ...]:
        """One number a table: the answers stay the same while these do."""
        with self._lock:
            return tuple(self._lake.version(table) for table in TABLES.values())

    def ask(self, query: str, **parameters: object) -> pa.Table:
        """What `sql/<query>.sql` answers."""
        with self._lock:
            self._show_tables()
            return self._connection.sql(_text(query), params=parameters or None).to_arrow_table()

    def rows(self, query: str, **parameters: object) -> list[Row]:
        """The same, as rows."""
        return rows_of(self.ask(query, **parameters))

    def values(self, table: Table[T], query: str, **parameters: object) -> list[T]:
        """The same, as values of the model: for a query that gives whole rows of `table`."""
        return [table.value(row) for row in self.rows(query, **parameters)]

    def offer(self, name: str, rows: pa.Table) -> None:
        """Let queries see `rows` under `name`, until they are replaced."""
        with self._lock:
            self._connection.from_arrow(rows).create_view(name, replace=True)

    def _show_tables(self) -> None:
        for table in TABLES.values():
            version = self._lake.version(table)
            if self._shown.get(table.name) == version:
                continue
            self._view(table)
            self._shown[table.name] = version

    def _view(self, table: Table[Any]) -> None:
        files = self._lake.files(table)
        if files:
            self._connection.read_parquet([_literally(file) for file in files]).create_view(
                table.name, replace=True
            )
        else:
            self._connection.from_arrow(table.schema.empty_table()).create_view(table.name, replace=True)


def _literally(path: str) -> str:
    """DuckDB takes a path for a pattern; a class of one letter stands for that letter."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)


@cache
def _text(query: str) -> str:
    return (resources.files("wallwatch.lake") / "sql" / f"{query}.sql").read_text(encoding="utf-8")

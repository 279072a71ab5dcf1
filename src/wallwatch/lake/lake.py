"""The lake: append to the tables, replace in them, keep them tidy. What goes in is decided elsewhere.

Delta's log makes each call whole or nothing, also beside other processes; a conflict is tried again on the
newer version. Files are few: small ones are put together when they pile up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from wallwatch.lake.columns import table_of
from wallwatch.lake.tables import TABLES, Table

T = TypeVar("T")

TRIES = 8  # of a commit that another writer's came before
SMALL_FILES = 32  # compact above this many; DuckDB opens about three a millisecond
KEEP_HOURS = 7 * 24  # files of older versions stay for time travel and for readers at work
_CONFIGURATION = {"delta.checkpointInterval": "10", "delta.logRetentionDuration": "interval 30 days"}
# The name of the cursor in Delta's log; the archive's generation is put behind it
CURSOR = "wallwatch-archive"


class SchemaError(Exception):
    """A table was made by another version of wallwatch. It can be made again from the archive."""


class Lake:
    """One lake folder. Not for several threads at once."""

    def __init__(self, root: Path) -> None:
        """`root` need not exist. Raises SchemaError where its tables are not of this version."""
        self._root = root
        self._handles: dict[str, DeltaTable] = {}
        for table in TABLES.values():
            found = self._open(table)
            if found is not None:
                self._handles[table.name] = found

    @property
    def is_empty(self) -> bool:
        """Whether no table has been made yet."""
        return not self._handles

    def append(self, table: Table[T], values: Sequence[T], cursor: tuple[str, int] | None = None) -> None:
        """Add rows; with a cursor (archive's generation, number) that goes into the same commit."""
        if values or cursor:
            self._write(table, values, "append", cursor)

    def overwrite(self, table: Table[T], values: Sequence[T]) -> None:
        """These are the rows from now on."""
        self._write(table, values, "overwrite", None)

    def remove(self, table: Table[Any], measurement_uids: Collection[str]) -> None:
        """Take away every row of these measurements."""
        if not measurement_uids or table.name not in self._handles:
            return
        gone = pa.table({"measurement_uid": sorted(measurement_uids)})

        def commit(handle: DeltaTable) -> None:
            merger = handle.merge(
                gone,
                predicate="kept.measurement_uid = gone.measurement_uid",
                source_alias="gone",
                target_alias="kept",
            )
            merger.when_matched_delete().execute()

        self._commit(table, commit)

    def cursor(self, table: Table[Any], generation: str) -> int:
        """The cursor that went in with `append`, 0 where there is none of that generation."""
        handle = self._refreshed(table)
        found = handle.transaction_version(f"{CURSOR}-{generation}") if handle else None
        return found or 0

    def version(self, table: Table[Any]) -> int:
        """Grows with each commit, whoever makes it; -1 where there is no table yet."""
        handle = self._refreshed(table)
        return int(handle.version()) if handle else -1

    def files(self, table: Table[Any]) -> list[str]:
        """The Parquet files of the newest version, as paths."""
        handle = self._refreshed(table)
        return [_path(uri) for uri in handle.file_uris()] if handle else []

    def tidy(self) -> None:
        """Put the files of one table together, the one with most, where they have piled up.

        One a call, since each takes a tenth of a second; drops what no kept version needs.
        """
        count, name = max((len(self.files(table)), name) for name, table in TABLES.items())
        if count > SMALL_FILES:
            self._commit(TABLES[name], lambda handle: handle.optimize.compact())
            self._handles[name].vacuum(retention_hours=KEEP_HOURS, dry_run=False)

    def _write(self, table: Table[T], values: Sequence[T], mode: str, cursor: tuple[str, int] | None) -> None:
        rows = table_of(table.schema, [table.row(value) for value in values])
        properties = _properties(cursor)

        def commit(handle: DeltaTable) -> None:
            write_deltalake(handle, rows, mode=mode, commit_properties=properties)  # type: ignore[call-overload]

        self._commit(table, commit)

    def _commit(self, table: Table[Any], commit: Callable[[DeltaTable], Any]) -> None:
        for left in reversed(range(TRIES)):
            handle = self._refreshed(table) or self._create(table)
            try:
                commit(handle)
            except CommitFailedError:
                if not left:
                    raise
            else:
                return

    def _open(self, table: Table[Any]) -> DeltaTable | None:
        try:
            handle = DeltaTable(self._root / table.name)
        except TableNotFoundError:
            return None
        if handle.schema() != Schema.from_arrow(table.schema):
            raise SchemaError(f"table {table.name} in {self._root} has other columns than this version's")
        return handle

    def _create(self, table: Table[Any]) -> DeltaTable:
        handle = DeltaTable.create(
            self._root / table.name,
            schema=Schema.from_arrow(table.schema),
            mode="ignore",
            name=table.name,
            configuration=_CONFIGURATION,
        )
        self._handles[table.name] = handle
        return handle

    def _refreshed(self, table: Table[Any]) -> DeltaTable | None:
        handle = self._handles.get(table.name)
        if handle is None:
            handle = self._open(table)
            if handle is not None:
                self._handles[table.name] = handle
        elif self._has_news(table, handle):
            handle.update_incremental()
        return handle

    def _has_news(self, table: Table[Any], handle: DeltaTable) -> bool:
        """Whether somebody has committed since: version n is the file of that name (Delta protocol).

        Asking the library takes 3 ms, a look 3 µs, and a step looks some fifty times.
        """
        following = f"{handle.version() + 1:020d}.json"
        return (self._root / table.name / "_delta_log" / following).exists()


def _path(uri: str) -> str:
    """delta-rs percent-encodes the whole of a local path, without calling it a URI."""
    return unquote(uri.removeprefix("file://"))


def _properties(cursor: tuple[str, int] | None) -> CommitProperties | None:
    if cursor is None:
        return None
    generation, number = cursor
    return CommitProperties(app_transactions=[Transaction(f"{CURSOR}-{generation}", number)])

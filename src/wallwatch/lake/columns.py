"""Rows <-> Arrow columns. Times go as microseconds, so no time zone database is needed on the machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pyarrow as pa

Row: TypeAlias = dict[str, Any]  # column -> value, as Arrow takes and gives it

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TIME = pa.timestamp("us", tz="UTC")


def table_of(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The rows as a table of exactly this schema. Raises KeyError, TypeError, ArrowInvalid."""
    return pa.table([_column(field, rows) for field in schema], schema=schema)


def rows_of(table: pa.Table) -> list[Row]:
    """The table's rows; times are aware, UTC."""
    names = table.column_names
    columns = [_values(table.column(name)) for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _column(field: pa.Field, rows: Sequence[Mapping[str, Any]]) -> pa.Array:
    values: Iterable[Any] = (row[field.name] for row in rows)
    if field.type != TIME:
        return pa.array(values, type=field.type)
    ticks = [None if time is None else (time - EPOCH) // MICROSECOND for time in values]
    return pa.array(ticks, type=pa.int64()).cast(TIME)


def _values(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist(maps_as_pydicts="strict"))
    ticks = column.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
    return [None if tick is None else EPOCH + timedelta(microseconds=tick) for tick in ticks]

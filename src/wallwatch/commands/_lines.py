"""Print values as JSON lines, CSV or Parquet, to standard output or a file."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import msgspec

from wallwatch.refusal import Refusal

if TYPE_CHECKING:
    from wallwatch.lake.tables import Table

T = TypeVar("T", bound=msgspec.Struct)

JSONL, CSV, PARQUET = "jsonl", "csv", "parquet"


def write(values: Sequence[T], table: Table[T], form: str, output: Path | None) -> None:
    """Write all of them; `table` is where they are kept, and gives Parquet its columns. Raises Refusal."""
    with _opened(output, form) as stream:
        WRITERS[form](values, table, stream)


@contextmanager
def _opened(output: Path | None, form: str) -> Iterator[BinaryIO]:
    if output is None:
        if form == PARQUET and sys.stdout.isatty():
            raise Refusal("Parquet is no text for a terminal: name a file with -o FILE")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with output.open("wb") as stream:
            yield stream
    except OSError as error:
        raise Refusal(f"cannot write {output}: {error.strerror}") from error


def _jsonl(values: Sequence[T], table: Table[T], stream: BinaryIO) -> None:
    for value in values:
        stream.write(msgspec.json.encode(value) + b"\n")


def _csv(values: Sequence[T], table: Table[T], stream: BinaryIO) -> None:
    """The columns of the table; a list is JSON in its cell. With no rows, the header all the same."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, fieldnames=table.schema.names)
    writer.writeheader()
    for value in values:
        row = msgspec.to_builtins(table.row(value))
        writer.writerow({name: _cell(row[name]) for name in table.schema.names})
    text.detach()


def _cell(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, list | tuple | dict) else value


def _parquet(values: Sequence[T], table: Table[T], stream: BinaryIO) -> None:
    from pyarrow import parquet

    from wallwatch.lake.columns import table_of

    parquet.write_table(table_of(table.schema, [table.row(value) for value in values]), stream)


WRITERS: dict[str, Callable[[Sequence[Any], Any, BinaryIO], None]] = {
    JSONL: _jsonl,
    CSV: _csv,
    PARQUET: _parquet,
}

__all__ = ["CSV", "JSONL", "PARQUET", "write"]

"""Print rows as JSON lines, CSV or Parquet, to standard output or a file."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from wallwatch.model.times import from_text
from wallwatch.refusal import Refusal, needs_extra

JSONL, CSV, PARQUET = "jsonl", "csv", "parquet"


class Moment(click.ParamType[datetime]):
    """A time on the command line: `2017-09-20`, `2017-09-20T02:00Z`; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return from_text(value) if isinstance(value, str) else value
        except ValueError:
            self.fail(f"{value!r} is no time; write 2017-09-20 or 2017-09-20T02:00Z", param, ctx)


def write(values: Iterable[msgspec.Struct], form: str, output: Path | None) -> int:
    """Write all of them; returns how many. The fields of the first are the columns."""
    rows = (msgspec.to_builtins(value) for value in values)
    with _opened(output, form) as stream:
        return WRITERS[form](rows, stream)


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


def _jsonl(rows: Iterable[dict[str, Any]], stream: BinaryIO) -> int:
    count = 0
    for row in rows:
        stream.write(msgspec.json.encode(row) + b"\n")
        count += 1
    return count


def _csv(rows: Iterable[dict[str, Any]], stream: BinaryIO) -> int:
    """Nested values are JSON in their cell."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer: Any = None
    count = 0
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, fieldnames=list(row))
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in row.items()})
        count += 1
    text.detach()
    return count


def _cell(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, list | tuple | dict) else value


def _parquet(rows: Iterable[dict[str, Any]], stream: BinaryIO) -> int:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise needs_extra("station", error) from error
    table = pa.Table.from_pylist(list(rows))
    parquet.write_table(table, stream)
    return int(table.num_rows)


WRITERS: dict[str, Callable[[Iterable[dict[str, Any]], BinaryIO], int]] = {
    JSONL: _jsonl,
    CSV: _csv,
    PARQUET: _parquet,
}

__all__ = ["CSV", "JSONL", "PARQUET", "Moment", "write"]

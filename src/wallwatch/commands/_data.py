"""Open a data folder's tables to read them, for the commands that print from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wallwatch.refusal import Refusal, needs_extra

if TYPE_CHECKING:
    from wallwatch.lake.reading import Reading


@contextmanager
def tables_of(data: Path) -> Iterator[Reading]:
    """Its tables, until the block ends. Raises Refusal, CannotHere."""
    try:
        from wallwatch.archive.folder import open_folder
        from wallwatch.lake.lake import SchemaError
        from wallwatch.lake.reading import Reading
    except ImportError as error:
        raise needs_extra("station", error) from error
    try:
        reading = Reading(open_folder(data, create=False).lake)
    except SchemaError as error:
        raise Refusal(
            f"{error}. Nothing is lost: `wallwatch up --data {data}` makes the tables again from the archive."
        ) from error
    with closing(reading):
        yield reading

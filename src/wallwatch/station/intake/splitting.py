"""Split a stream into JSON documents: its lines, or the whole where that is one, or a CSV listing's rows.

What cannot be one comes out as Spoilt, with the reason. No more than MAX_DOCUMENT is held at any time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeAlias

import msgspec
from msgspec import Struct

from wallwatch.pipeline.unreadable import Reason, Unreadable
from wallwatch.pipeline.unwrap import parse_json
from wallwatch.station.intake.lines import MAX_DOCUMENT, Growing, Line, lines
from wallwatch.station.intake.streams import CutShort, Readable

TOO_LARGE = "too large"
_LISTING_COLUMN = b"measurement_uid"


class Document(Struct, frozen=True):
    """A piece that ought to hold measurements. `position` says where in the source it stood."""

    position: str
    content: bytes


class Spoilt(Struct, frozen=True, kw_only=True):
    """A piece that cannot be read; `head` is its beginning."""

    position: str
    reason: str
    detail: str
    head: bytes
    size: int
    sha256: str


Piece: TypeAlias = Document | Spoilt


def split(stream: Readable) -> Iterator[Piece]:
    """The pieces of one source, at least one. Raises OSError."""
    source = (line for line in lines(stream) if line.content.strip() or line.cut is not None)
    first = next(source, None)
    if first is None:
        yield _spoilt(Growing().line(0), Reason.EMPTY, "there is nothing in it", "")
    elif _is_listing(first):
        yield from _rows(chain([first], source))
    elif first.size > MAX_DOCUMENT or _is_document(first.content):
        yield from _by_line(chain([first], source))
    else:
        yield from _as_a_whole(first, source)


def _by_line(source: Iterable[Line]) -> Iterator[Piece]:
    for line in source:
        position = f"line {line.number}"
        if line.size > MAX_DOCUMENT:
            yield _spoilt(line, TOO_LARGE, f"it has {line.size} bytes; {MAX_DOCUMENT} are taken", position)
        elif line.cut is None or _is_document(line.content):
            yield Document(position, line.content)
        if line.cut is not None:
            yield _cut_short(line, line.cut, position)


def _as_a_whole(first: Line, source: Iterator[Line]) -> Iterator[Piece]:
    """A document over several lines, or lines of which the first is bad, or no JSON at all."""
    growing, held = Growing(), [first]
    growing.add(first.content)
    while growing.size <= MAX_DOCUMENT and held[-1].cut is None and (line := next(source, None)) is not None:
        held.append(line)
        growing.add(b"\n" + line.content)
    cut = held[-1].cut
    reason = _why_not_json(growing, cut)
    if reason is None:
        yield Document("", bytes(growing.held))
    elif any(line.is_whole and _is_document(line.content) for line in held):
        yield from _by_line(chain(held, source))
    else:
        for line in source:
            growing.add(b"\n" + line.content)
        whole = growing.line(0, cut)
        yield _cut_short(whole, cut, "") if cut else _spoilt(whole, reason, "it cannot be read as JSON", "")


def _why_not_json(growing: Growing, cut: CutShort | None) -> str | None:
    if cut is not None:
        return cut.reason
    if growing.size > MAX_DOCUMENT:
        return TOO_LARGE
    try:
        parse_json(bytes(growing.held))
    except Unreadable as unreadable:
        return unreadable.reason.value
    return None


def _is_document(content: bytes) -> bool:
    """Whether a line is a JSON document of its own; a bare number is none."""
    if not content.lstrip(b"\xef\xbb\xbf \t\r").startswith((b"{", b"[", b'"')):
        return False
    try:
        parse_json(content)
    except Unreadable:
        return False
    return True


def _is_listing(first: Line) -> bool:
    names = first.content.strip().split(b",")
    return first.is_whole and len(names) > 1 and _LISTING_COLUMN in [name.strip(b'" ') for name in names]


def _rows(source: Iterable[Line]) -> Iterator[Piece]:
    """The rows of a listing in CSV, each as a JSON object."""
    cut: list[Line] = []

    def texts() -> Iterator[str]:
        for line in source:
            if line.cut is not None:
                cut.append(line)
            elif line.is_whole:
                yield line.content.decode("utf-8-sig") + "\n"

    reader = csv.DictReader(texts())
    try:
        for row in reader:
            content = {name: value or None for name, value in row.items() if isinstance(name, str)}
            yield Document(f"line {reader.line_num}", msgspec.json.encode(content))
    except (csv.Error, UnicodeDecodeError) as error:
        yield _spoilt(Growing().line(0), "bad CSV", str(error), f"from line {reader.line_num} on")
    for line in cut:
        yield _cut_short(line, line.cut or CutShort("", ""), f"line {line.number}")


def _cut_short(line: Line, cut: CutShort, position: str) -> Spoilt:
    return _spoilt(line, cut.reason, cut.detail, position)


def _spoilt(line: Line, reason: str, detail: str, position: str) -> Spoilt:
    return Spoilt(
        position=position,
        reason=str(reason),
        detail=detail,
        head=line.content,
        size=line.size,
        sha256=line.sha256,
    )

"""Quarantine: what could not be read, with the reason, for a person to look at. It never leads to a verdict.

An item is kept once however often it comes. Of a large one only the beginning is kept, and its full size.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from wallwatch.archive.durable import make_folders, write_durably

KEPT_BYTES = 1 << 20  # of each item


class Specimen(Struct, frozen=True, kw_only=True):
    """Something unreadable: its beginning, and the size and digest of the whole."""

    reason: str  # a word for counting, "not_json"
    detail: str  # a sentence for a person
    source: str  # the file it came from, relative to the path that was named; or "collector"
    position: str  # where in it: "line 12", "member a/b.post", "" for the whole file
    head: bytes
    size: int  # bytes of the whole item, as far as it was read
    sha256: str  # hex, of the same


class Label(Struct, frozen=True, kw_only=True):
    """The sidecar `<id>.json`."""

    reason: str
    detail: str
    source: str
    position: str
    size: int
    sha256: str
    kept_bytes: int


def specimen(reason: str, detail: str, source: str, position: str, content: bytes) -> Specimen:
    """Of something that is in memory as a whole."""
    return Specimen(
        reason=reason,
        detail=detail,
        source=source,
        position=position,
        head=content[:KEPT_BYTES],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


class Quarantine:
    """The folder `quarantine/`: `<id>.bin` with the beginning of the item, `<id>.json` with its label."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, item: Specimen) -> bool:
        """Put it there. Returns whether it is new. Raises OSError."""
        make_folders(self._root)
        name = _name(item)
        label = self._root / f"{name}.json"
        if label.exists():
            return False
        write_durably(self._root / f"{name}.bin", item.head[:KEPT_BYTES])
        write_durably(label, msgspec.json.format(msgspec.json.encode(_label(item)), indent=1) + b"\n")
        return True

    def labels(self) -> list[Label]:
        """All of them, in no order that means anything."""
        if not self._root.is_dir():
            return []
        return [msgspec.json.decode(p.read_bytes(), type=Label) for p in sorted(self._root.glob("*.json"))]


def _name(item: Specimen) -> str:
    """The same item from the same file has the same name, wherever the folder above it lies."""
    parts = (item.reason, Path(item.source).name, item.position, str(item.size), item.sha256)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _label(item: Specimen) -> Label:
    return Label(
        reason=item.reason,
        detail=item.detail,
        source=item.source,
        position=item.position,
        size=item.size,
        sha256=item.sha256,
        kept_bytes=min(len(item.head), KEPT_BYTES),
    )

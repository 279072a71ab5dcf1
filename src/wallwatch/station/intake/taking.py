"""From pieces of a source to arrivals for the archive, or specimens for quarantine.

Pure, and in chunks, so that processes can share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from wallwatch.archive.quarantine import KEPT_BYTES, Specimen, specimen
from wallwatch.archive.segments import Arrival
from wallwatch.collector.arrivals import arrivals_of
from wallwatch.pipeline.unreadable import Unreadable
from wallwatch.station.intake.splitting import Document, Spoilt
from wallwatch.station.intake.walking import Found
from wallwatch.station.looking import DEFECT

CHUNK_PIECES = 200
CHUNK_BYTES = 8 << 20


class Taken(Struct, frozen=True):
    """What came of one chunk."""

    arrivals: list[Arrival]
    specimens: list[Specimen]


Chunk = Sequence[tuple[str, Found]]  # source's name, piece


def chunks(pieces: Iterable[tuple[str, Found]]) -> Iterator[list[tuple[str, Found]]]:
    """Groups of about CHUNK_BYTES, so that a large piece travels alone."""
    chunk: list[tuple[str, Found]] = []
    size = 0
    for name, found in pieces:
        chunk.append((name, found))
        size += len(found.piece.content if isinstance(found.piece, Document) else found.piece.head)
        if len(chunk) >= CHUNK_PIECES or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def take(chunk: Chunk) -> Taken:
    """Every piece becomes arrivals or a specimen."""
    taken = Taken([], [])
    for source, found in chunk:
        piece = found.piece
        if isinstance(piece, Spoilt):
            taken.specimens.append(_of_spoilt(source, piece))
            continue
        try:
            taken.arrivals.extend(arrivals_of(piece.content, found.uid))
        except Unreadable as unreadable:
            reason = unreadable.reason.value
            taken.specimens.append(
                specimen(reason, f"as a measurement: {reason}", source, piece.position, piece.content)
            )
        except Exception as error:  # noqa: BLE001 (outer edge of one piece: quarantined, never a verdict)
            detail = f"{type(error).__name__}: {error}"
            taken.specimens.append(specimen(DEFECT, detail, source, piece.position, piece.content))
    return taken


def _of_spoilt(source: str, piece: Spoilt) -> Specimen:
    return Specimen(
        reason=piece.reason,
        detail=piece.detail,
        source=source,
        position=piece.position,
        head=piece.head[:KEPT_BYTES],
        size=piece.size,
        sha256=piece.sha256,
    )

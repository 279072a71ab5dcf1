"""Read the attempts out of a measurement as archived, for its page. Judges nothing; skips other shapes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from wallwatch.model.handshake import Handshake, Rung
from wallwatch.model.measurement import Json

RUNGS = {
    Rung.NOTHING: "nothing",
    Rung.RESOLVED: "name resolved",
    Rung.CONNECTED: "connected",
    Rung.ANSWERED: "answered",
    Rung.PARSED: "answer parsed",
    Rung.AUTHENTICATED: "answer authentic",
    Rung.SUSTAINED: "exchange sustained",
}


def attempts(document: Json) -> list[Handshake]:
    """The `x_handshakes` entries, in their order; none in measurements of other programs."""
    return list(_decoded(document))


def rung_name(rung: int) -> str:
    """How far an attempt came, in words."""
    return RUNGS[Rung(rung)] if rung in Rung._value2member_map_ else str(rung)


def _decoded(document: Json) -> Iterator[Handshake]:
    test_keys = document.get("test_keys")
    entries = test_keys.get("x_handshakes") if isinstance(test_keys, dict) else None
    for entry in entries if isinstance(entries, list) else []:
        try:
            yield msgspec.convert(entry, Handshake, strict=False)
        except msgspec.ValidationError:
            continue  # the page shows the document itself below the table

"""One character for each condition of a round, readable without colour; ASCII where nothing else prints."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Glyph(Struct, frozen=True, kw_only=True):
    """How a condition is drawn. `style` only adds to what the character says."""

    character: str
    ascii: str
    style: str
    words: str  # in the legend
    short: str  # at the end of a strip

    def on(self, ascii_only: bool) -> str:
        """The character that such a terminal can print."""
        return self.ascii if ascii_only else self.character


# Keys: wallwatch.web.wording.CONDITIONS.
GLYPHS: Mapping[str, Glyph] = {
    "ok": Glyph(character="▁", ascii="_", style="green", words="reachable", short=""),
    "proven": Glyph(character="█", ascii="#", style="bold red", words="blocked", short="blocked"),
    "consistent": Glyph(
        character="▒", ascii="%", style="yellow", words="consistent with blocking", short="consistent"
    ),
    "down": Glyph(character="↓", ascii="v", style="bold blue", words="service down", short="down"),
    "unknown": Glyph(character="?", ascii="?", style="magenta", words="cannot tell", short=""),
    "none": Glyph(character="·", ascii=".", style="bright_black", words="no data", short=""),
}

STATE_STYLES: Mapping[str, str] = {
    "disrupted": "yellow",
    "suspected": "bold yellow",
    "confirmed": "bold reverse",
    "easing": "cyan",
    "restored": "green",
}

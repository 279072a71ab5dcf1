"""Status strips as text, a cell a round: a line a series, or one for all networks where the screen is low."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from itertools import groupby

from rich.text import Text

from wallwatch.model.view import Slot, Strip
from wallwatch.terminal.glyphs import GLYPHS
from wallwatch.terminal.plain import printable
from wallwatch.web import countries, dates, wording

FUNCTION_WIDTH = 14
NETWORK_WIDTH = 15
SUFFIX_WIDTH = 12  # " 3 of 3 bad"
_GRAVITY = ("proven", "consistent", "down", "unknown", "ok", "none")
_BLOCKED = ("proven", "consistent")


class Detail(Enum):
    """Which functions get a line for each network."""

    ALL = "all"
    AFFECTED = "affected"  # those blocked in some round on the screen; the others get one line
    NONE = "none"


def lines(strips: Sequence[Strip], width: int, detail: Detail, ascii_only: bool = False) -> list[Text]:
    """A heading for each service, those that had trouble first, its functions, and the dates below."""
    cells = max(width - FUNCTION_WIDTH - NETWORK_WIDTH - SUFFIX_WIDTH, 1)
    drawn: list[Text] = []
    for service in _by_trouble(strips, cells):
        first = service[0]
        heading = f" in {countries.in_prose(printable(first.cc))}"
        drawn.append(Text.assemble((printable(first.service_name), "bold"), (heading, "bright_black")))
        for _, group in groupby(service, key=lambda strip: strip.function):
            drawn += _function(list(group), cells, detail, ascii_only)
    return drawn + _ruler(strips, FUNCTION_WIDTH + NETWORK_WIDTH, cells)


def _by_trouble(strips: Sequence[Strip], cells: int) -> list[list[Strip]]:
    services = [list(group) for _, group in groupby(strips, key=lambda strip: (strip.cc, strip.service))]
    return sorted(services, key=lambda service: not any(_is_blocked(strip, cells) for strip in service))


def _function(series: list[Strip], cells: int, detail: Detail, ascii_only: bool) -> list[Text]:
    """A line for each network, or one for all with the gravest of each round and how many are bad now."""
    blocked = any(_is_blocked(strip, cells) for strip in series)
    function = series[0].function
    if len(series) > 1 and (detail is Detail.NONE or (detail is Detail.AFFECTED and not blocked)):
        rounds = zip(*(strip.slots for strip in series), strict=True)
        kinds = [_gravest(slots) for slots in rounds]
        return [_line((function, f"{len(series)} networks"), kinds, _now(series), (cells, ascii_only))]
    return [
        _line(
            (function if index == 0 else "", strip.network or f"AS{strip.asn}"),
            [wording.condition(slot) for slot in strip.slots],
            _now([strip]),
            (cells, ascii_only),
        )
        for index, strip in enumerate(series)
    ]


def _line(names: tuple[str, str], kinds: Sequence[str], suffix: str, paper: tuple[int, bool]) -> Text:
    cells, ascii_only = paper
    line = Text.assemble((_fit(f" {names[0]}", FUNCTION_WIDTH), "bold"), _fit(names[1], NETWORK_WIDTH))
    for kind in kinds[-cells:]:
        line.append(GLYPHS[kind].on(ascii_only), GLYPHS[kind].style)
    return line.append(f" {suffix}", "bold")


def _is_blocked(strip: Strip, cells: int) -> bool:
    return any(wording.condition(slot) in _BLOCKED for slot in strip.slots[-cells:])


def legend(width: int, ascii_only: bool = False) -> list[Text]:
    """What the characters mean, on as many lines as it takes."""
    lines = [Text()]
    for glyph in GLYPHS.values():
        entry = Text.assemble((glyph.on(ascii_only), glyph.style), f" {glyph.words}")
        if lines[-1] and lines[-1].cell_len + 3 + entry.cell_len > width:
            lines.append(Text())
        lines[-1].append("   " if lines[-1] else "").append_text(entry)
    return lines


def _gravest(slots: Sequence[Slot]) -> str:
    return min((wording.condition(slot) for slot in slots), key=_GRAVITY.index)


def _now(series: Sequence[Strip]) -> str:
    """`2 of 3 bad`, of the networks with data in the latest round; `bad` or nothing for a single one."""
    latest = [wording.condition(strip.slots[-1]) for strip in series if strip.slots]
    seen = [kind for kind in latest if kind != "none"]
    bad = sum(kind in (*_BLOCKED, "down") for kind in seen)
    if not bad:
        return ""
    return f"{bad} of {len(seen)} bad" if len(series) > 1 else GLYPHS[seen[0]].short


def _ruler(strips: Sequence[Strip], indent: int, cells: int) -> list[Text]:
    """Dates below the cells at which they begin."""
    slots = strips[0].slots[-max(cells, 1) :] if strips else ()
    line = ""
    for index, slot in enumerate(slots):
        label = dates.day(slot.start)
        room = index >= len(line) and index + len(label) <= max(cells, 1)
        if room and (index == 0 or dates.day(slots[index - 1].start) != label):
            line = line.ljust(index) + label + " "
    return [Text(" " * indent + line.rstrip(), "bright_black")] if line else []


def _fit(text: str, width: int) -> str:
    """Exactly so wide."""
    piece = Text(printable(text))
    piece.truncate(max(width - 1, 0), overflow="ellipsis")
    return piece.plain + " " * (width - piece.cell_len)

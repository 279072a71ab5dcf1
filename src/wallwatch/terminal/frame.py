"""One frame of the terminal view, fitted to whatever size the terminal has at that moment."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from wallwatch.model.incident import State
from wallwatch.model.view import Note
from wallwatch.terminal import strips
from wallwatch.terminal.documents import IncidentLine, Picture
from wallwatch.terminal.glyphs import STATE_STYLES
from wallwatch.terminal.plain import printable
from wallwatch.terminal.strips import Detail
from wallwatch.web import dates

LOG_LINES = 12  # of the last frame, which is not cut to the screen
LEAST_LOG = 4  # lines that the log keeps: otherwise the next layout is tried
MOST_OVER = 3  # incidents that are over

# From ample to terse: which strips get a line a network, and whether incidents tell all.
_LAYOUTS = (
    (Detail.ALL, True),
    (Detail.AFFECTED, True),
    (Detail.AFFECTED, False),
    (Detail.NONE, False),
)


class Frame:
    """A rich renderable. `last`: the frame left behind, as long as it needs to be."""

    def __init__(self, picture: Picture, last: bool = False) -> None:
        """Nothing is drawn yet; the size is asked for when it is."""
        self._picture = picture
        self._last = last

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lines no wider than the terminal and, unless it is the last frame, no more than fit."""
        height = None if self._last else options.size.height
        yield from frame(self._picture, options.max_width, height, options.ascii_only)


def frame(picture: Picture, width: int, height: int | None, ascii_only: bool = False) -> list[Text]:
    """The whole picture as lines; `height` None: as many as it takes."""
    head = [*_title(picture, width), _progress(picture, width, ascii_only), Text()]
    legend = strips.legend(width, ascii_only)
    for detail, full in _LAYOUTS:
        series = strips.lines(picture.strips, width, detail, ascii_only)
        incidents = _incidents(picture.incidents, full)
        rest = LOG_LINES if height is None else height - sum(map(len, (head, series, legend, incidents))) - 2
        if rest >= LEAST_LOG:
            break
    drawn = [*head, *series, *legend, Text(), *incidents, *_log(picture.log, rest)]
    for line in drawn:
        line.no_wrap = True
        line.truncate(width, overflow="crop" if ascii_only else "ellipsis")
        if ascii_only:  # names from measurements may hold what such a terminal cannot print
            line.plain = line.plain.encode("ascii", "replace").decode()
    return drawn[:height]


def _title(picture: Picture, width: int) -> list[Text]:
    """Title and address on one line, or on two where they do not fit."""
    title, url = Text(printable(picture.title), "bold"), Text(picture.page_url, "underline")
    gap = width - title.cell_len - url.cell_len
    return [title.append(" " * gap).append_text(url)] if gap > 1 else [title, url]


def _progress(picture: Picture, width: int, ascii_only: bool) -> Text:
    """Scenario time, the round, and a bar of the rounds done."""
    when = dates.moment(picture.instant) if picture.instant else "before the first round"
    text = Text.assemble((when, "bold cyan"), f"   round {picture.round} of {picture.total}   ")
    room = width - text.cell_len
    done = round(room * picture.round / picture.total) if picture.total else 0
    full, empty = ("=", "-") if ascii_only else ("━", "─")
    return text.append(full * done, "cyan").append(empty * (room - done), "bright_black")


def _incidents(incidents: Sequence[IncidentLine], full: bool) -> list[Text]:
    """Open ones with what is known, those that are over on a line each; `full` False: a line each."""
    still_open = [one for one in incidents if one.state is not State.RESTORED]
    over = [one for one in incidents if one.state is State.RESTORED]
    lines = [Text("Incidents", "bold underline") if incidents else Text("No incident so far", "bright_black")]
    for one in still_open:
        lines += _entry(one) if full else _entry(one)[:2]
    more = len(over) - MOST_OVER
    tail = [Text(f"   and {more} more that are over", "bright_black")] if more > 0 else []
    return lines + [_entry(one)[0] for one in over[:MOST_OVER]] + tail


def _entry(one: IncidentLine) -> list[Text]:
    """State and headline; interval and counts; mechanisms and id."""
    first = Text.assemble((f" {one.state.value} ", STATE_STYLES[one.state.value]), " ")
    first.append(printable(one.headline) or _headline(one), "bold" if one.end is None else "")
    counts = one.counts
    share = f"{counts.blocked} of {counts.measurements} measurements" if counts.measurements else ""
    proof = f", {one.proven} with proof" if one.proven else ""
    ended = f"; ended {dates.between(one.end)}" if one.end else ""
    return [
        first,
        Text(f"   began {dates.between(one.onset)}{ended}"),
        Text(
            "   " + "  ".join(part for part in (share + proof, *map(printable, one.mechanisms)) if part),
            "cyan",
        ),
    ]


def _headline(one: IncidentLine) -> str:
    """Where the document brings none. "Blocked" only where it was proven."""
    kind = one.kind.value.replace("_", " ")
    if kind == "block":
        kind = "blocked" if one.proven else "consistent with blocking"
    return printable(f"{one.service_name or one.service or ''} {', '.join(one.functions)}: {kind}").strip()


def _log(notes: Sequence[Note], room: int) -> list[Text]:
    """A blank line, then the latest notes that fit, oldest first."""
    if room < 1 or not notes:
        return []
    return [Text(), *(_note(note) for note in notes[-room:])]


def _note(note: Note) -> Text:
    word = note.state.value if note.state else note.kind
    return Text.assemble(
        (f"{dates.day(note.time):>6} {note.time:%H:%M}  ", "bright_black"),
        (printable(word), STATE_STYLES.get(word, "bright_black")),
        " " * max(11 - len(word), 1),
        printable(note.text),
    )

"""Where things lie on the charts: strips of rounds and the interval of an incident, in percent of the width.

Percent, so that a chart fits any screen without being squeezed; templates turn these values into SVG. No
colour is chosen here: a mark has a `kind`, and the style sheet gives each kind its colour and hatching.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from wallwatch.model.changepoint import Interval
from wallwatch.model.incident import Incident
from wallwatch.model.view import Slot, Strip
from wallwatch.web import dates, wording

BREAK = timedelta(hours=36)  # slots further apart than this are drawn with a gap between them
BREAK_WIDTH = 0.7  # of a slot
FILL = 0.84  # of a slot's width that is drawn; the rest keeps slots apart
LABEL_ROOM = 9.0  # percent that a date needs on a wide screen ...
LABEL_ROOM_NARROW = 27.0  # ... and on a phone
STATE_ROOM = 13.0  # the same for a state's name
STATE_ROOM_NARROW = 24.0


class Mark(Struct, frozen=True, kw_only=True):
    """One slot on a strip."""

    x: float  # left edge, percent
    width: float  # percent
    middle: float  # percent
    kind: str  # a key of wording.CONDITIONS
    title: str


class Tick(Struct, frozen=True, kw_only=True):
    """A date on an axis. `narrow`: shown on a phone too."""

    x: float
    label: str
    narrow: bool


class Band(Struct, frozen=True, kw_only=True):
    """A stretch of time on the interval chart."""

    x: float
    width: float
    kind: str  # onset | certain | end | open, or a state's name
    title: str


class Label(Struct, frozen=True, kw_only=True):
    """Words beside a band. `narrow`: there is room for them on a phone too."""

    x: float
    anchor: str  # start | end, of SVG's text-anchor
    text: str
    narrow: bool


class IntervalChart(Struct, frozen=True, kw_only=True):
    """When it began, how it went, when it ended."""

    bands: tuple[Band, ...]
    labels: tuple[Label, ...]
    states: tuple[Band, ...]
    state_labels: tuple[Label, ...]  # one a state, in its place; empty text where there is no room
    ticks: tuple[Tick, ...]
    label: str  # the whole chart in words


def positions(slots: Sequence[Slot]) -> list[tuple[float, float]]:
    """(left edge, width) of each slot in percent. Days without rounds show as a gap, not to scale."""
    edges: list[float] = []
    here = 0.0
    for index, slot in enumerate(slots):
        if index and slot.start - slots[index - 1].end > BREAK:
            here += BREAK_WIDTH
        edges.append(here)
        here += 1.0
    return [(100 * edge / here, 100 * FILL / here) for edge in edges]


def marks(strip: Strip) -> list[Mark]:
    """The slots of a strip."""
    return [
        Mark(
            x=round(x, 3),
            width=round(width, 3),
            middle=round(x + width / 2, 3),
            kind=wording.condition(slot),
            title=_title(slot),
        )
        for slot, (x, width) in zip(strip.slots, positions(strip.slots), strict=True)
    ]


def ticks(slots: Sequence[Slot]) -> list[Tick]:
    """Dates under a strip: the first slot of a day, as many as there is room for."""
    found: list[Tick] = []
    wide = narrow = -100.0
    day = ""
    for slot, (x, _) in zip(slots, positions(slots), strict=True):
        label = dates.day(slot.start)
        if label == day or x - wide < LABEL_ROOM or x > 100 - LABEL_ROOM * 0.7:
            continue
        day, wide = label, x
        fits = x - narrow >= LABEL_ROOM_NARROW and x <= 100 - LABEL_ROOM_NARROW * 0.5
        narrow = x if fits else narrow
        found.append(Tick(x=round(x, 3), label=label, narrow=fits))
    return found


def interval_chart(incident: Incident, now: datetime) -> IntervalChart:
    """The incident on a true time axis, with a margin before it and, if it is over, after it."""
    last = incident.end.latest if incident.end else max(now, incident.onset.latest)
    known = max([last, *(passage.time for passage in incident.passages)])
    margin = max((known - incident.onset.earliest) * 0.08, timedelta(hours=2))
    axis = Interval(earliest=incident.onset.earliest - margin, latest=known + margin)
    bands, states = _bands(incident, last, axis), _states(incident, last, axis)
    return IntervalChart(
        bands=tuple(bands),
        labels=tuple(_labels(incident, last, bands)),
        states=tuple(states),
        state_labels=tuple(_state_label(band) for band in states),
        ticks=tuple(_time_ticks(axis)),
        label=_label(incident, now),
    )


def _title(slot: Slot) -> str:
    words = wording.CONDITIONS[wording.condition(slot)]
    total = slot.ok + slot.down + slot.blocked + slot.unknown
    if not total:
        return f"{dates.moment(slot.start)}: no data"
    counted = [(slot.blocked, "blocked"), (slot.down, "down"), (slot.unknown, "unknown"), (slot.ok, "ok")]
    parts = ", ".join(f"{number} {name}" for number, name in counted if number)
    proof = f", {slot.proven} proven" if slot.proven else ""
    mechanism = f", {slot.mechanism}" if slot.mechanism else ""
    return f"{dates.moment(slot.start)}: {words} ({parts} of {total}{proof}{mechanism})"


def _place(start: datetime, end: datetime, axis: Interval) -> tuple[float, float]:
    whole = (axis.latest - axis.earliest) / timedelta(seconds=1)
    left = 100 * ((start - axis.earliest) / timedelta(seconds=1)) / whole
    return round(left, 3), round(100 * ((end - start) / timedelta(seconds=1)) / whole, 3)


def _band(start: datetime, end: datetime, axis: Interval, kind: str, title: str) -> Band:
    x, width = _place(start, end, axis)
    return Band(x=x, width=width, kind=kind, title=title)


def _bands(incident: Incident, last: datetime, axis: Interval) -> list[Band]:
    onset, end = incident.onset, incident.end
    sure_until = max(end.earliest, onset.latest) if end else last
    found = [
        _band(onset.earliest, onset.latest, axis, "onset", f"It began {dates.between(onset)}"),
        _band(onset.latest, sure_until, axis, "certain", "Under way for certain"),
    ]
    if end:
        found.append(_band(end.earliest, end.latest, axis, "end", f"It ended {dates.between(end)}"))
    else:
        found.append(_band(last, axis.latest, axis, "open", "Not over as far as is known"))
    return found


def _labels(incident: Incident, last: datetime, bands: Sequence[Band]) -> list[Label]:
    """Left and right stay apart on a phone, too; what lies between is said only where there is room."""
    onset, certain = incident.onset, bands[1]
    width = dates.span(onset.latest - onset.earliest)
    began = "began here" if onset.earliest == onset.latest else f"began in these {width}"
    found = [Label(x=bands[0].x, anchor="start", text=began, narrow=True)]
    sure = incident.end.earliest if incident.end else last
    if sure > onset.latest and certain.width > 45:
        lasted = f"under way for certain, {dates.span(sure - onset.latest)}"
        found.append(Label(x=max(certain.x, bands[0].x + 20), anchor="start", text=lasted, narrow=False))
    end = incident.end
    if end:
        ended = f"ended in these {dates.span(end.latest - end.earliest)}"
        ended = "ended here" if end.earliest == end.latest else ended
        found.append(Label(x=round(bands[2].x + bands[2].width, 3), anchor="end", text=ended, narrow=True))
    else:
        found.append(Label(x=100.0, anchor="end", text="not over", narrow=True))
    return found


def _state_label(band: Band) -> Label:
    text = band.kind if band.width >= STATE_ROOM else ""
    return Label(x=band.x, anchor="start", text=text, narrow=band.width >= STATE_ROOM_NARROW)


def _states(incident: Incident, last: datetime, axis: Interval) -> list[Band]:
    passages = incident.passages
    bounds = [passage.time for passage in passages] + [max(last, axis.latest)]
    return [
        _band(
            passage.time,
            max(until, passage.time),
            axis,
            passage.state.value,
            f"{passage.state.value} from {dates.moment(passage.time)}: {passage.because}",
        )
        for passage, until in zip(passages, bounds[1:], strict=True)
    ]


_STEPS = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1440, 2880)  # hours between two dates on an axis
_MOST_TICKS = 8


def _time_ticks(axis: Interval) -> list[Tick]:
    """Round hours or midnights, few enough to be read."""
    length = axis.latest - axis.earliest
    hours = next((step for step in _STEPS if length / timedelta(hours=step) <= _MOST_TICKS), _STEPS[-1])
    step = timedelta(hours=hours)
    time = axis.earliest.replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[Tick] = []
    while time < axis.latest:
        x, _ = _place(time, time, axis)
        if 0 <= x <= 100 - LABEL_ROOM * 0.7:
            label = f"{time:%H:%M}" if hours < 24 and time.hour else dates.day(time)
            found.append(Tick(x=x, label=label, narrow=len(found) % 3 == 0))
        time += step
    return found


def _label(incident: Incident, now: datetime) -> str:
    began = f"It began {dates.between(incident.onset)}"
    ended = (
        f"it ended {dates.between(incident.end)}"
        if incident.end
        else f"at {dates.moment(now)} it was not over"
    )
    return f"{began}; {ended}."

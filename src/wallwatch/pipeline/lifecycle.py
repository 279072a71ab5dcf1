"""How far an event has come, step by step: disrupted, suspected, confirmed, easing, restored.

`disrupted`: one network saw it, unproven. `suspected`: a round that counts, i.e. proven or in two networks.
`confirmed`: two rounds that count. `easing`: some of its series are well again. `restored`: all of them are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from wallwatch.model.changepoint import Spell
from wallwatch.model.incident import Passage, State
from wallwatch.pipeline.wording import counted

SAME_ROUND = timedelta(minutes=90)
ROUNDS_TO_CONFIRM = 2


class Round(Struct, frozen=True, kw_only=True):
    """What one round of measurements showed of an event."""

    time: datetime
    proven: int  # series in which it was proven
    series: int  # series that showed it
    networks: int

    @property
    def counts(self) -> bool:
        """Whether one may call it evidence of its kind: proven, or seen in two networks."""
        return self.proven > 0 or self.networks >= 2


def rounds_of(spells: list[Spell]) -> list[Round]:
    """The sightings of all its series, put together by round."""
    seen = sorted(
        ((sighting.time, sighting.proven, spell) for spell in spells for sighting in spell.sightings),
        key=lambda entry: (entry[0], entry[2].series),
    )
    groups: list[list[tuple[datetime, bool, Spell]]] = []
    for entry in seen:
        if groups and entry[0] - groups[-1][0][0] <= SAME_ROUND:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    return [
        Round(
            time=max(time for time, _, _ in group),
            proven=len({spell.series for _, proven, spell in group if proven}),
            series=len({spell.series for _, _, spell in group}),
            networks=len({(spell.series.probe_cc, spell.series.probe_asn) for _, _, spell in group}),
        )
        for group in groups
    ]


def passages(spells: list[Spell]) -> tuple[Passage, ...]:
    """Each step with the time at which it was known. The last one is the present state."""
    steps: list[Passage] = []
    for step in _steps(spells):
        if not steps or steps[-1].state is not step.state:
            steps.append(step)
    return tuple(steps)


def _steps(spells: list[Spell]) -> Iterator[Passage]:
    """The state at each moment at which something was learnt."""
    rounds = rounds_of(spells)
    endings = {spell.end_known for spell in spells if spell.end_known}
    for time in sorted({round_.time for round_ in rounds} | endings):
        begun = [spell for spell in spells if spell.sightings[0].time <= time]
        over = [spell for spell in begun if spell.end_known and spell.end_known <= time]
        if _eases(begun, over):
            yield _fallen(begun, over, time)
        else:
            yield _risen([round_ for round_ in rounds if round_.time <= time])


def _eases(begun: list[Spell], over: list[Spell]) -> bool:
    """Something got well, and nothing has begun (again) since."""
    last_beginning = max(spell.sightings[0].time for spell in begun)
    return any(spell.end_known and spell.end_known > last_beginning for spell in over)


def _risen(rounds: list[Round]) -> Passage:
    evidence = sum(round_.counts for round_ in rounds)
    if evidence == 0:
        state, reason = State.DISRUPTED, "one network, not proven"
    elif evidence < ROUNDS_TO_CONFIRM:
        state, reason = State.SUSPECTED, "one round of evidence"
    else:
        state, reason = State.CONFIRMED, f"{evidence} rounds of evidence"
    now = rounds[-1]
    seen = f"{counted(now.series, 'series')} of {counted(now.networks, 'network')}"
    shown = f"{reason}: seen in {seen}" + (f", proven in {now.proven}" if now.proven else "")
    return Passage(state=state, time=now.time, because=shown)


def _fallen(begun: list[Spell], over: list[Spell], time: datetime) -> Passage:
    series = {spell.series for spell in begun}
    well = series - {spell.series for spell in begun if spell not in over}
    state = State.RESTORED if len(well) == len(series) else State.EASING
    return Passage(state=state, time=time, because=f"{len(well)} of {len(series)} series are well again")

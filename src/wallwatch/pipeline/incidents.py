"""Spells that belong together become an incident; one that was published before keeps its id."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from wallwatch.model.changepoint import Flank, Interval, SeriesKey, Spell
from wallwatch.model.incident import Counts, Earlier, Incident, Kind, State, Versions
from wallwatch.model.mechanism import ancestors, common_ancestor
from wallwatch.model.outcome import Outcome
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline import change, wording
from wallwatch.pipeline.clusters import clusters
from wallwatch.pipeline.lifecycle import SAME_ROUND, passages

MAIN_SHARE = 0.8  # a function's mechanism is named to its leaf when this share of its verdicts agree
MAX_WITNESSES = 20


class Surroundings(Struct, frozen=True, kw_only=True):
    """What an incident needs besides its spells."""

    verdicts: Mapping[str, list[Verdict]]  # by service; the probes' ones
    controls: Mapping[str, list[Verdict]]  # by service; the control vantages' ones
    owners: Mapping[str, str]  # service -> owner
    versions: Versions


def assemble(spells: Iterable[Spell], published: Iterable[Incident], around: Surroundings) -> list[Incident]:
    """The incidents, oldest first. `published` is the log of those given out before; it lends their ids."""
    known = sorted(published, key=lambda incident: (incident.onset, incident.id))
    made: list[Incident] = []
    taken: set[str] = set()
    for group in clusters(spells):
        draft = _draft(group, around)
        identifier = _find(draft, known, taken) or _new_id(draft, {one.id for one in known} | taken)
        taken.add(identifier)
        made.append(_named(draft, identifier, made))
    return made


def _draft(group: list[Spell], around: Surroundings) -> Incident:
    first = group[0]
    service = first.series.service
    kind = Kind(first.kind)
    onset = change.onset(_fallen_first(group))
    steps = passages(group)
    end = change.end(_well_last(group)) if steps[-1].state is State.RESTORED else None
    ccs = {spell.series.probe_cc for spell in group}
    if kind is Kind.OUTAGE:
        ccs |= _down_at_control(around.controls.get(service, []), onset, end)
    functions = tuple(sorted({spell.series.function for spell in group}))
    draft = Incident(
        id="",
        kind=kind,
        state=steps[-1].state,
        cc=next(iter(ccs)) if len(ccs) == 1 else None,
        ccs=tuple(sorted(ccs)),
        asns=tuple(sorted({spell.series.probe_asn for spell in group})),
        service=service,
        owner=around.owners.get(service),
        functions=functions,
        targets=tuple(f"{service}/{function}" for function in functions),
        onset=onset,
        end=end,
        mechanisms=_mechanisms(group),
        confidence=_confidence(group, [step.state for step in steps]),
        counts=_counts(group, around.verdicts.get(service, []), onset, end),
        witnesses=_witnesses(group),
        history=(),
        passages=steps,
        because="-",
        versions=around.versions,
    )
    because = wording.because(draft, around.verdicts.get(service, []))
    return _replaced(draft, because=because)


def _down_at_control(controls: list[Verdict], onset: Interval, end: Interval | None) -> set[str]:
    """The countries of the control vantages that could not reach the service either."""
    return {
        verdict.probe_cc
        for verdict in controls
        if verdict.outcome is Outcome.DOWN
        and onset.earliest <= verdict.measurement_start_time
        and (end is None or verdict.measurement_start_time <= end.latest)
    }


def _fallen_first(group: list[Spell]) -> list[Flank]:
    """It began when the first of its series fell; those that fell in that round fell together."""
    first = min(spell.before.sighting for spell in group)
    return _steadiest(
        (spell.series, spell.before) for spell in group if spell.before.sighting - first <= SAME_ROUND
    )


def _well_last(group: list[Spell]) -> list[Flank]:
    """It is over when the last of its series is well."""
    last = max(spell.after.sighting for spell in group)
    return _steadiest(
        (spell.series, spell.after) for spell in group if last - spell.after.sighting <= SAME_ROUND
    )


def _steadiest(flanks: Iterable[tuple[SeriesKey, Flank]]) -> list[Flank]:
    """One a network, of the series that shows most steadily: functions of one network fail together."""
    by_network: dict[tuple[str, int], list[Flank]] = defaultdict(list)
    for series, flank in flanks:
        by_network[series.probe_cc, series.probe_asn].append(flank)
    return [
        min(own, key=lambda flank: change.missed(flank.shown, flank.hidden, 1)) for own in by_network.values()
    ]


def _mechanisms(group: list[Spell]) -> tuple[str, ...]:
    """Per function what most verdicts name, or what they have in common; no node beside its ancestor."""
    by_function: dict[str, Counter[str]] = {}
    for spell in group:
        by_function.setdefault(spell.series.function, Counter()).update(spell.mechanisms)
    named = {name for counts in by_function.values() for name in _named_by(counts)}
    return tuple(
        sorted(one for one in named if not any(one != other and one in ancestors(other) for other in named))
    )


def _named_by(counts: Counter[str]) -> list[str]:
    if not counts:
        return []
    leaf, votes = max(sorted(counts.items()), key=lambda entry: entry[1])
    if votes >= MAIN_SHARE * counts.total():
        return [leaf]
    shared = common_ancestor(tuple(sorted(counts)))
    return [shared] if shared else sorted(counts)


def _confidence(group: list[Spell], states: list[State]) -> str:
    proven = any(sighting.proven for spell in group for sighting in spell.sightings)
    if State.CONFIRMED in states and (proven or group[0].kind == "outage"):
        return "high"
    return "medium" if State.SUSPECTED in states or State.CONFIRMED in states else "low"


def _counts(group: list[Spell], verdicts: list[Verdict], onset: Interval, end: Interval | None) -> Counts:
    """Of the series it concerns, from the onset's earliest moment to the end's latest."""
    series = {(s.series.probe_cc, s.series.probe_asn, s.series.function) for s in group}
    rows = [
        verdict
        for verdict in verdicts
        if (verdict.probe_cc, verdict.probe_asn, verdict.function) in series
        and onset.earliest <= verdict.measurement_start_time
        and (end is None or verdict.measurement_start_time <= end.latest)
    ]
    return Counts(
        measurements=len({row.measurement_uid for row in rows}),
        blocked=len({row.measurement_uid for row in rows if row.outcome is Outcome.BLOCKED}),
        probes=len({row.probe_id for row in rows if row.probe_id}),
        networks=len({(row.probe_cc, row.probe_asn) for row in rows}),
    )


def _witnesses(group: list[Spell]) -> tuple[str, ...]:
    """A few of each series first, so that every network speaks."""
    longest = max(len(spell.witnesses) for spell in group)
    ranked = [s.witnesses[rank] for rank in range(longest) for s in group if rank < len(s.witnesses)]
    return tuple(dict.fromkeys(ranked))[:MAX_WITNESSES]


def _find(draft: Incident, known: list[Incident], taken: set[str]) -> str | None:
    """The id under which it was published: same service, kind and country, overlapping in time."""
    for incident in known:
        same = (incident.kind, incident.service) == (draft.kind, draft.service)
        if same and incident.id not in taken and _same_place(incident, draft) and _overlap(incident, draft):
            return incident.id
    return None


def _same_place(one: Incident, other: Incident) -> bool:
    return one.kind is Kind.OUTAGE or one.cc == other.cc


def _overlap(one: Incident, other: Incident) -> bool:
    def last(incident: Incident) -> datetime | None:
        return incident.end.latest if incident.end else None

    one_last, other_last = last(one), last(other)
    return (other_last is None or one.onset.earliest <= other_last) and (
        one_last is None or other.onset.earliest <= one_last
    )


def _new_id(draft: Incident, taken: set[str]) -> str:
    """`CN-whatsapp-block-2017-2`: the place, what, the year, and its number in that year."""
    place = draft.cc or "XX"
    stem = f"{place}-{draft.service}-{draft.kind.value}-{draft.onset.latest.year}"
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _named(draft: Incident, identifier: str, before: list[Incident]) -> Incident:
    history = tuple(
        Earlier(id=one.id, onset=one.onset, end=one.end)
        for one in before
        if (one.kind, one.service, one.cc) == (draft.kind, draft.service, draft.cc)
    )
    return _replaced(draft, id=identifier, history=history)


def _replaced(incident: Incident, **changes: object) -> Incident:
    return replace(incident, **changes)

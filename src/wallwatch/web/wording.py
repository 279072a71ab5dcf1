"""What pages say of incidents and outcomes. The rule that matters: "blocked" is for what was proven.

Everything else that looks like a block is "consistent with blocking"; an outage is the service's own; a gap
is "no data". The API gives the same sentences, so that a quotation is the same wherever it was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Protocol

from wallwatch.model.changepoint import Interval
from wallwatch.model.incident import Counts, Incident, Kind, State
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.model.view import Listed, Slot, Strip
from wallwatch.web import countries, dates

FUNCTIONS = {
    "registration": "registration",
    "text": "text messages",
    "media": "media",
    "calls": "calls",
    "web": "web client",
    "push": "push notifications",
}
_PLURAL = {"text", "media", "calls", "push"}

STATES = {
    State.DISRUPTED: "something changed; what it is, is not known yet",
    State.SUSPECTED: "one round of measurements gives evidence of its kind",
    State.CONFIRMED: "two rounds, each with proof or seen in two networks",
    State.EASING: "some of the affected series work again",
    State.RESTORED: "all affected series work again",
}

# What a strip's cell means, by the key that charts and legends share.
CONDITIONS = {
    "ok": "reachable",
    "proven": "blocked",
    "consistent": "consistent with blocking",
    "down": "service down",
    "unknown": "cannot tell",
    "none": "no data",
}

# kind -> (headline, sentence while it lasts, sentence after it); "{where}" is "in China"
_PREDICATES = {
    "proven": ("blocked {where}", "{have} been blocked {where}", "{were} blocked {where}"),
    "consistent": (
        "failing {where}, consistent with blocking",
        "{have} been failing {where}, consistent with blocking,",
        "failed {where}, consistent with blocking,",
    ),
    Kind.THROTTLE: ("slowed down {where}", "{have} been slowed down {where}", "{were} slowed down {where}"),
    Kind.SHUTDOWN: ("shut down {where}", "{have} been shut down {where}", "{were} shut down {where}"),
    Kind.OUTAGE: (
        "down {where}, an outage of the service",
        "{have} been down {where}, an outage of the service itself,",
        "{were} down {where}, an outage of the service itself,",
    ),
    Kind.SERVICE_CHANGE: (
        "changed by the service {where}",
        "{have} behaved differently {where}, a change of the service’s own,",
        "behaved differently {where}, a change of the service’s own,",
    ),
    Kind.INSTRUMENT: (
        "measured wrongly {where}",
        "{have} been measured wrongly {where}, a defect of the instrument,",
        "{were} measured wrongly {where}, a defect of the instrument,",
    ),
    Kind.REMOVAL: (
        "removed by the platform {where}",
        "{have} been removed by the platform {where}",
        "{were} removed by the platform {where}",
    ),
}

_COUNTED = (Kind.BLOCK, Kind.THROTTLE)  # the kinds of which counts.blocked tells a share


class Judged(Protocol):
    """Anything with an outcome: a slot of a strip, a witness, a verdict."""

    @property
    def outcome(self) -> Outcome | None: ...
    @property
    def grade(self) -> Grade | None: ...


def condition(judged: Judged) -> str:
    """Which of CONDITIONS it is. A `blocked` without a grade counts as the weaker."""
    if judged.outcome is None:
        return "none"
    if judged.outcome is Outcome.BLOCKED:
        return "proven" if judged.grade is Grade.PROVEN else "consistent"
    return judged.outcome.value


def function_name(function: str) -> str:
    """`text messages`; an unknown function stands for itself."""
    return FUNCTIONS.get(function, function)


def network_name(asn: int, name: str) -> str:
    """`China Telecom (AS4134)`, or `AS4134`."""
    return f"{name} (AS{asn})" if name else f"AS{asn}"


def listing(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def place(incident: Incident) -> str:
    """Where, as it stands after "in": one country, or up to three by name, or how many."""
    codes = [incident.cc] if incident.cc else list(incident.ccs)
    if not codes or len(codes) > 3:
        return f"{len(codes)} countries" if codes else countries.in_prose(None)
    return listing([countries.in_prose(code) for code in codes])


def headline(listed: Listed) -> str:
    """`WhatsApp text messages and media blocked in China`, without a full stop."""
    return f"{_subject(listed)} {_predicate(listed)[0].format(where=f'in {place(listed.incident)}')}"


def sentence(listed: Listed) -> str:
    """The one sentence to quote: what, where, since when, until when, out of how many."""
    incident = listed.incident
    _, present, past = _predicate(listed)
    plural = len(incident.functions) != 1 or incident.functions[0] in _PLURAL
    verb = (past if incident.end else present).format(
        have="have" if plural else "has",
        were="were" if plural else "was",
        where=f"in {place(incident)}",
    )
    return f"{_subject(listed)} {verb} {_when(incident)}: {denominators(listed)}."


def by_rank(functions: Iterable[str]) -> list[str]:
    """In the order of FUNCTIONS, those that are not in it last, by name."""
    known = list(FUNCTIONS)
    return sorted(functions, key=lambda one: (known.index(one) if one in known else len(known), one))


def denominators(listed: Listed) -> str:
    """`41 of 60 measurements showed it, 38 of them with proof, by 3 probes in 3 networks`."""
    counts = listed.incident.counts
    shown = f"{_of(counts.blocked, counts.measurements, listed.incident.kind)}"
    proof = f", {listed.proven} of them with proof" if listed.proven else ""
    return f"{shown}{proof}, {_by(counts)}"


def share(listed: Listed) -> str:
    """`41 of 60` for tables; of an outage `9 in all`; "?" stands for what is not known."""
    counts = listed.incident.counts
    whole = "?" if counts.measurements is None else str(counts.measurements)
    if listed.incident.kind not in _COUNTED:
        return f"{whole} in all"
    return f"{'?' if counts.blocked is None else counts.blocked} of {whole}"


def duration(incident: Incident) -> str | None:
    """`between 5 d 2 h and 5 d 14 h` for an event that is over; None before."""
    if incident.end is None:
        return None
    shortest = max(incident.end.earliest - incident.onset.latest, timedelta())
    longest = incident.end.latest - incident.onset.earliest
    least, most = dates.span(shortest), dates.span(longest)
    return least if least == most else f"between {least} and {most}"


def runs(strip: Strip) -> list[tuple[str, Slot, Slot, int]]:
    """The strip as text: consecutive slots of one condition as (condition, first, last, how many)."""
    found: list[tuple[str, Slot, Slot, int]] = []
    for slot in strip.slots:
        kind = condition(slot)
        if found and found[-1][0] == kind:
            found[-1] = (kind, found[-1][1], slot, found[-1][3] + 1)
        else:
            found.append((kind, slot, slot, 1))
    return found


def strip_summary(strip: Strip) -> str:
    """What a screen reader says in place of the picture."""
    conditions = [condition(slot) for slot in strip.slots]
    counted = [f"{conditions.count(key)} {words}" for key, words in CONDITIONS.items() if key in conditions]
    head = f"{strip.service_name} {function_name(strip.function)}, {network_name(strip.asn, strip.network)}"
    if not strip.slots:
        return f"{head}: no data"
    return (
        f"{head}: of {len(conditions)} rounds up to {dates.moment(strip.slots[-1].start)},"
        f" {listing(counted)}; latest: {CONDITIONS[conditions[-1]]}"
    )


def _subject(listed: Listed) -> str:
    functions = listing([function_name(function) for function in by_rank(listed.incident.functions)])
    name = listed.service_name or listed.incident.service or ""
    return f"{name} {functions}".strip() or "Internet access"


def _predicate(listed: Listed) -> tuple[str, str, str]:
    kind = listed.incident.kind
    if kind is Kind.BLOCK:
        return _PREDICATES["proven" if listed.proven else "consistent"]
    return _PREDICATES[kind]


def _when(incident: Incident) -> str:
    if incident.end is None:
        return f"since {_point(incident.onset)}"
    return f"from {_point(incident.onset)} until {_point(incident.end)}"


def _point(interval: Interval) -> str:
    """A moment inside an interval, as it stands after "since", "from" and "until"."""
    if interval.earliest == interval.latest:
        return dates.moment_in_prose(interval.latest)
    return f"some time {dates.between(interval)}"


def _of(part: int | None, whole: int | None, kind: Kind) -> str:
    """An outage's measurements are not blocked, so only the whole is known of it."""
    if whole is None:
        return "the input does not say how many measurements there were"
    if kind not in _COUNTED or part is None:
        return f"{whole} measurement{_s(whole)} taken meanwhile"
    return f"{part} of {whole} measurement{_s(whole)} showed it"


def _by(counts: Counts) -> str:
    def number(value: int | None, noun: str) -> str:
        return f"an unknown number of {noun}s" if value is None else f"{value} {noun}{_s(value)}"

    return f"by {number(counts.probes, 'probe')} in {number(counts.networks, 'network')}"


def _s(number: int) -> str:
    return "" if number == 1 else "s"

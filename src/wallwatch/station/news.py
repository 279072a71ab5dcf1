"""What has to be said: the difference between what was published and what is concluded now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from wallwatch.model.incident import Incident, Passage, State
from wallwatch.model.silence import Silence

NOTICED = "noticed"  # something changed
CONCLUDED = "concluded"  # what it is
WITHDRAWN = "withdrawn"
SILENCE = "silence"
HEARD_AGAIN = "heard again"


class News(Struct, frozen=True, kw_only=True):
    """A line for the log, not numbered yet."""

    time: datetime
    kind: str
    state: State | None
    text: str
    incident_id: str | None


class Told(Struct, frozen=True, kw_only=True):
    """What of a silence must be remembered to know whether the log spoke of it."""

    probe_id: str
    probe_asn: int
    since: datetime
    until: datetime | None


def told_of(silence: Silence) -> Told:
    """To be remembered when the log has spoken of it."""
    return Told(
        probe_id=silence.probe_id, probe_asn=silence.probe_asn, since=silence.since, until=silence.until
    )


def news(
    before: Mapping[str, Incident],
    after: Sequence[Incident],
    silences_before: Iterable[Told],
    silences_after: Iterable[Silence],
) -> list[News]:
    """The lines that are due, oldest first. `before`: incidents published and not withdrawn, by id."""
    lines = [
        _about(incident, passage)
        for incident in after
        for passage in _new_passages(before.get(incident.id), incident)
    ]
    still = {incident.id for incident in after}
    lines += [_withdrawn(incident) for name, incident in before.items() if name not in still]
    lines += _of_silences(silences_before, silences_after)
    return sorted(lines, key=lambda line: (line.time, line.incident_id or "", line.kind))


def _new_passages(before: Incident | None, now: Incident) -> Sequence[Passage]:
    """Those behind the states that were said already. A passage that late data moved is not said again."""
    told = [passage.state for passage in before.passages] if before else []
    same = 0
    for passage, state in zip(now.passages, told, strict=False):
        if passage.state is not state:
            break
        same += 1
    return now.passages[same:]


def _about(incident: Incident, passage: Passage) -> News:
    return News(
        time=passage.time,
        kind=NOTICED if passage.state is State.DISRUPTED else CONCLUDED,
        state=passage.state,
        text=f"{incident.kind.value}: {_what(incident)}; {passage.because}",
        incident_id=incident.id,
    )


def _what(incident: Incident) -> str:
    functions = ", ".join(incident.functions)
    networks = ", ".join(f"AS{asn}" for asn in incident.asns)
    place = incident.cc or ", ".join(incident.ccs)
    return " ".join(part for part in (incident.service, functions, "in", place, f"({networks})") if part)


def _withdrawn(incident: Incident) -> News:
    return News(
        time=incident.passages[-1].time if incident.passages else incident.onset.latest,
        kind=WITHDRAWN,
        state=None,
        text=f"{incident.kind.value}: {_what(incident)}; measurements that came later explain it otherwise",
        incident_id=incident.id,
    )


def _of_silences(before: Iterable[Told], after: Iterable[Silence]) -> list[News]:
    """A silence is the same while probe and beginning are; it is news when it begins and when it ends."""
    told = {(one.probe_id, one.probe_asn, one.since): one.until for one in before}
    lines: list[News] = []
    for one in after:
        key = (one.probe_id, one.probe_asn, one.since)
        if key not in told:
            lines.append(_silence(one, SILENCE, one.noticed, one.because))
        if one.until is not None and told.get(key) is None:
            lines.append(_silence(one, HEARD_AGAIN, one.until, _heard_again(one)))
    return lines


def _heard_again(one: Silence) -> str:
    return f"probe {one.probe_id} in AS{one.probe_asn} is heard again; it missed {one.missed_rounds} rounds"


def _silence(one: Silence, kind: str, time: datetime, text: str) -> News:
    return News(time=time, kind=kind, state=None, text=text, incident_id=None)

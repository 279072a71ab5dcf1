"""Compare what a run concluded with what its scenario says was true. Returns complaints, asserts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from wallwatch.lab.scenario import Scenario
from wallwatch.model.mechanism import is_same_or_ancestor
from wallwatch.model.times import from_text

Line = Mapping[str, Any]  # an incident line


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened: truths that share kind, service, onset and end are one event."""

    kind: str
    service: str
    functions: frozenset[str]
    asns: frozenset[int]
    mechanisms: frozenset[str]
    onset: datetime
    end: datetime | None


def events(scenario: Scenario) -> list[Event]:
    """Oldest first."""
    merged: dict[tuple[str, str, datetime, datetime | None], Event] = {}
    for truth in scenario.truth:
        key = (truth.kind, truth.service, truth.onset, truth.end)
        before = merged.get(key)
        merged[key] = Event(
            kind=truth.kind,
            service=truth.service,
            functions=frozenset(truth.functions) | (before.functions if before else frozenset()),
            asns=frozenset(truth.asns) | (before.asns if before else frozenset()),
            mechanisms=frozenset({truth.mechanism} - {""}) | (before.mechanisms if before else frozenset()),
            onset=truth.onset,
            end=truth.end,
        )
    return sorted(merged.values(), key=lambda event: event.onset)


def complaints(scenario: Scenario, lines: Sequence[Line]) -> list[str]:
    """What is wrong with the incidents, in words; empty where all is right."""
    wanted = events(scenario)
    found = sorted(lines, key=lambda line: from_text(line["onset"]["earliest"]))
    if len(wanted) != len(found):
        listed = ", ".join(f"{line['kind']} {line['service']} {line['onset']}" for line in found)
        return [f"{len(wanted)} incidents are true and {len(found)} were found: {listed}"]
    return [said for event, line in zip(wanted, found, strict=True) for said in _differences(event, line)]


def _differences(event: Event, line: Line) -> Iterable[str]:
    name = f"{event.kind} of {event.onset:%d %B}"
    if (line["kind"], line["service"]) != (event.kind, event.service):
        yield f"{name}: found {line['kind']} of {line['service']}"
        return
    if set(line["functions"]) != event.functions:
        yield f"{name}: functions {sorted(line['functions'])}, not {sorted(event.functions)}"
    if event.kind == "block" and set(line["asns"]) != event.asns:
        yield f"{name}: networks {line['asns']}, not {sorted(event.asns)}"
    if not _holds(line["onset"], event.onset):
        yield f"{name}: onset {line['onset']} does not contain {event.onset}"
    if event.end is not None and (line["end"] is None or not _holds(line["end"], event.end)):
        yield f"{name}: end {line['end']} does not contain {event.end}"
    if event.end is not None and line["state"] != "restored":
        yield f"{name}: it is {line['state']} at the end"
    yield from _mechanisms(name, event, line["mechanisms"])


def _mechanisms(name: str, event: Event, claims: Sequence[str]) -> Iterable[str]:
    """Each claim is true of some mechanism (equal or an ancestor), and each mechanism has a claim."""
    for claim in claims:
        if not any(is_same_or_ancestor(claim, truth) for truth in event.mechanisms):
            yield f"{name}: {claim} is neither true nor above what is ({sorted(event.mechanisms)})"
    for truth in event.mechanisms:
        if not any(is_same_or_ancestor(claim, truth) for claim in claims):
            yield f"{name}: nothing is said of {truth}, only {list(claims)}"


def _holds(interval: Mapping[str, str], moment: datetime) -> bool:
    return from_text(interval["earliest"]) <= moment <= from_text(interval["latest"])

"""Who was affected and who was not: functions x networks during an incident, counted in rounds.

What kept working is evidence as much as what failed, so other services of the same country stand beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from wallwatch.model.incident import Incident, Kind
from wallwatch.model.mechanism import is_same_or_ancestor
from wallwatch.model.view import Slot, Strip
from wallwatch.web import wording


class Share(Struct, frozen=True, kw_only=True):
    """Rounds of one series during the incident: `bad` of `seen`; rounds without data are not counted."""

    bad: int
    seen: int
    kind: str  # a key of wording.CONDITIONS: the gravest there was, "none" where nothing was seen
    affected: bool  # the incident names this series' function and network, and it was bad in some round


class Row(Struct, frozen=True, kw_only=True):
    """One function of one service, across the networks."""

    service: str
    service_name: str
    function: str
    shares: tuple[Share | None, ...]  # one a network, None: never measured there
    own: bool  # the incident's own service


class Scope(Struct, frozen=True, kw_only=True):
    """The grid, and the same as lists of words."""

    networks: tuple[tuple[int, str], ...]
    rows: tuple[Row, ...]
    functions_affected: tuple[str, ...]
    functions_not_affected: tuple[str, ...]
    networks_affected: tuple[str, ...]
    networks_not_affected: tuple[str, ...]


class Section(Struct, frozen=True, kw_only=True):
    """All strips of one service in one country, for a table with one function's networks together."""

    cc: str
    service: str
    service_name: str
    functions: tuple[tuple[str, tuple[Strip, ...]], ...]


class How(Struct, frozen=True, kw_only=True):
    """One mechanism of an incident and the functions it was seen at; none where no strip says."""

    mechanism: str
    functions: tuple[str, ...]


_BAD = {Kind.OUTAGE: {"down"}}
_BLOCKED = {"proven", "consistent"}
_GRAVITY = ("proven", "consistent", "down", "unknown", "ok", "none")


def scope(incident: Incident, strips: Iterable[Strip]) -> Scope:
    """Count each series' bad rounds from the latest moment of the onset to the earliest of the end."""
    every = [strip for strip in strips if strip.cc in (incident.ccs or (incident.cc,))]
    networks = tuple(sorted({(strip.asn, strip.network) for strip in every}))
    by_series = {(strip.service, strip.function, strip.asn): strip for strip in every}
    services = sorted({strip.service for strip in every}, key=lambda one: (one != incident.service, one))
    rows = tuple(
        _row(incident, [by_series.get((service, function, asn)) for asn, _ in networks])
        for service in services
        for function in wording.by_rank({one.function for one in every if one.service == service})
    )
    own = [row for row in rows if row.own]
    hit = {row.function for row in own if any(share and share.affected for share in row.shares)}
    struck = {
        networks[column]
        for row in own
        for column, share in enumerate(row.shares)
        if share is not None and share.affected
    }
    return Scope(
        networks=networks,
        rows=rows,
        functions_affected=tuple(map(wording.function_name, wording.by_rank(incident.functions))),
        functions_not_affected=tuple(
            wording.function_name(row.function)
            for row in own
            if row.function not in hit and row.function not in incident.functions
        ),
        networks_affected=tuple(
            wording.network_name(asn, dict(networks).get(asn, "")) for asn in incident.asns
        ),
        networks_not_affected=tuple(
            wording.network_name(asn, name)
            for asn, name in networks
            if (asn, name) not in struck and asn not in incident.asns
        ),
    )


def how(incident: Incident, strips: Iterable[Strip]) -> list[How]:
    """Which mechanism hit which function: the incident's mechanisms, found again in its rounds."""
    seen = {
        (strip.function, slot.mechanism)
        for strip in strips
        if strip.service == incident.service and strip.function in incident.functions
        for slot in strip.slots
        if slot.mechanism and _during(incident, slot)
    }
    return [
        How(
            mechanism=name,
            functions=tuple(
                wording.by_rank({function for function, leaf in seen if is_same_or_ancestor(name, leaf)})
            ),
        )
        for name in incident.mechanisms
    ]


def sections(strips: Iterable[Strip], first: Collection[str | None] = ()) -> list[Section]:
    """Strips grouped for reading: country, then service, then function with its networks.

    The services in `first` lead their country: those that something is the matter with.
    """
    grouped: dict[tuple[str, str, str], dict[str, list[Strip]]] = {}
    for strip in strips:
        service = grouped.setdefault((strip.cc, strip.service, strip.service_name), {})
        service.setdefault(strip.function, []).append(strip)
    return [
        Section(
            cc=cc,
            service=service,
            service_name=name,
            functions=tuple(
                (function, tuple(sorted(functions[function], key=lambda strip: strip.asn)))
                for function in wording.by_rank(functions)
            ),
        )
        for (cc, service, name), functions in sorted(
            grouped.items(), key=lambda entry: (entry[0][0], entry[0][1] not in first, entry[0])
        )
    ]


def _row(incident: Incident, series: Sequence[Strip | None]) -> Row:
    strip = next(one for one in series if one is not None)
    return Row(
        service=strip.service,
        service_name=strip.service_name,
        function=strip.function,
        shares=tuple(None if one is None else _share(incident, one) for one in series),
        own=strip.service == incident.service,
    )


def _share(incident: Incident, strip: Strip) -> Share:
    kinds = [wording.condition(slot) for slot in strip.slots if _during(incident, slot)]
    seen = [kind for kind in kinds if kind != "none"]
    bad = sum(kind in _BAD.get(incident.kind, _BLOCKED) for kind in seen)
    named = strip.service == incident.service and strip.function in incident.functions
    return Share(
        bad=bad,
        seen=len(seen),
        kind=min(seen, key=_GRAVITY.index, default="none"),
        affected=bad > 0 and named and strip.asn in incident.asns,
    )


def _during(incident: Incident, slot: Slot) -> bool:
    last: datetime | None = incident.end.earliest if incident.end else None
    return slot.end > incident.onset.latest and (last is None or slot.start <= last)

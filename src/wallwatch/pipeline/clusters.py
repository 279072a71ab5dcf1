"""Which spells are one event: same kind, same service, same country, touching in time.

An outage is the service's own and joins across countries. A block that spreads over networks and functions,
or comes and goes within two days, stays one event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from wallwatch.model.changepoint import Spell

LULL = timedelta(hours=48)  # shorter than this between two spells: the same event


def clusters(spells: Iterable[Spell]) -> list[list[Spell]]:
    """Groups of spells, each sorted by onset; the order of the input does not matter."""
    related: dict[tuple[str, str, str], list[Spell]] = defaultdict(list)
    for spell in spells:
        country = "" if spell.kind == "outage" else spell.series.probe_cc
        related[spell.kind, spell.series.service, country].append(spell)
    groups = [group for key in sorted(related) for group in _touching(related[key])]
    return sorted(groups, key=lambda group: (group[0].onset.latest, group[0].kind, group[0].series))


def last_moment(spell: Spell) -> datetime | None:
    """When it ended at the latest; None while it goes on."""
    return spell.end.latest if spell.end else None


def _touching(spells: list[Spell]) -> list[list[Spell]]:
    groups: list[list[Spell]] = []
    open_until: datetime | None = None
    for spell in sorted(spells, key=lambda one: (one.onset.latest, one.series)):
        if groups and (open_until is None or spell.onset.latest <= open_until + LULL):
            groups[-1].append(spell)
            ends = [last_moment(member) for member in groups[-1]]
        else:
            groups.append([spell])
            ends = [last_moment(spell)]
        open_until = None if None in ends else max(end for end in ends if end is not None)
    return groups

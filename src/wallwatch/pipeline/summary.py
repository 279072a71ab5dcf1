"""Sum up the verdicts of one measurement into one line, in the order of design section 2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import chain
from typing import TypeVar

from msgspec import structs

from wallwatch.model.mechanism import common_ancestor
from wallwatch.model.outcome import Outcome, gravity
from wallwatch.model.verdict import Verdict

Value = TypeVar("Value", bound=Hashable)


def sum_up(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """One verdict a measurement, sorted by its id: the gravest, and what the equally grave ones share."""
    grouped: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        grouped[verdict.measurement_uid].append(verdict)
    return [one_line(sorted(grouped[uid], key=order)) for uid in sorted(grouped)]


def order(verdict: Verdict) -> tuple[int, str, str, str]:
    """The gravest first, then by name."""
    return (
        -gravity(verdict.outcome, verdict.grade),
        verdict.service or "",
        verdict.function or "",
        verdict.target or "",
    )


def one_line(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdicts of one measurement, gravest first, as one."""
    first = verdicts[0]
    if len(verdicts) == 1:
        return first
    equal = [verdict for verdict in verdicts if order(verdict)[0] == order(first)[0]]
    return structs.replace(
        first,
        service=shared([verdict.service for verdict in verdicts]),
        function=shared([verdict.function for verdict in equal]),
        target=shared([verdict.target for verdict in equal]),
        layer=shared([verdict.layer for verdict in equal]),
        locus=shared([verdict.locus for verdict in equal]),
        mechanism=mechanism_of(equal),
        fraction=None,
        rules=tuple(dict.fromkeys(chain.from_iterable(verdict.rules for verdict in equal))),
        because=f"{first.because} ({len(equal)} of {len(verdicts)} targets)",
        observation_ids=union(verdict.observation_ids for verdict in verdicts),
        control_uids=union(verdict.control_uids for verdict in verdicts),
        trial_ids=union(verdict.trial_ids for verdict in verdicts),
    )


def mechanism_of(verdicts: Sequence[Verdict]) -> str | None:
    """What is true of all; None where one claims nothing or they share no layer."""
    named = tuple(verdict.mechanism for verdict in verdicts if verdict.mechanism is not None)
    if verdicts[0].outcome is not Outcome.BLOCKED or len(named) < len(verdicts):
        return None
    return common_ancestor(named)


def shared(values: Sequence[Value | None]) -> Value | None:
    """The value, where all have the same."""
    return values[0] if len(set(values)) == 1 else None


def union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """All of them once, sorted."""
    return tuple(sorted(set(chain.from_iterable(groups))))

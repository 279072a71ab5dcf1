"""Count verdicts into cells: service x function x network x resolver x layer x hour. Counts, no medians."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from wallwatch.model.cell import Cell, CellKey
from wallwatch.model.measurement import ROLE_PROBE
from wallwatch.model.outcome import Grade, Outcome, gravity
from wallwatch.model.verdict import Verdict

MAX_WITNESSES = 20


def tally(verdicts: Iterable[Verdict], role: str = ROLE_PROBE) -> list[Cell]:
    """The cells of one role, sorted by key. A verdict that comes twice counts once.

    A control's verdicts are kept out of the country's cells: ask for them with `role`. Verdicts without a
    service or a function (websites, nettests without targets) have no cell.
    """
    unique = {
        (verdict.measurement_uid, verdict.target): verdict for verdict in verdicts if verdict.role == role
    }
    grouped: dict[CellKey, list[Verdict]] = defaultdict(list)
    for verdict in unique.values():
        key = key_of(verdict)
        if key is not None:
            grouped[key].append(verdict)
    return [cell_of(key, grouped[key]) for key in sorted(grouped, key=sort_key)]


def key_of(verdict: Verdict) -> CellKey | None:
    """Which cell a verdict falls into."""
    if verdict.service is None or verdict.function is None:
        return None
    return CellKey(
        probe_cc=verdict.probe_cc,
        probe_asn=verdict.probe_asn,
        resolver_asn=verdict.resolver_asn,
        service=verdict.service,
        function=verdict.function,
        layer=verdict.layer or "",
        hour=verdict.measurement_start_time.replace(minute=0, second=0, microsecond=0),
    )


def sort_key(key: CellKey) -> tuple[object, ...]:
    """Time first; a resolver that is not known before all others."""
    return (
        key.hour,
        key.probe_cc,
        key.probe_asn,
        key.service,
        key.function,
        key.layer,
        -1 if key.resolver_asn is None else key.resolver_asn,
    )


def cell_of(key: CellKey, verdicts: Sequence[Verdict]) -> Cell:
    """Add up."""
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    mechanisms = Counter(verdict.mechanism for verdict in verdicts if verdict.mechanism is not None)
    times = [verdict.measurement_start_time for verdict in verdicts]
    return Cell(
        key=key,
        ok=outcomes[Outcome.OK],
        down=outcomes[Outcome.DOWN],
        blocked=outcomes[Outcome.BLOCKED],
        unknown=outcomes[Outcome.UNKNOWN],
        proven=sum(1 for verdict in verdicts if verdict.grade is Grade.PROVEN),
        rules=dict(sorted(Counter(verdict.rules[0] for verdict in verdicts if verdict.rules).items())),
        mechanisms=dict(sorted(mechanisms.items())),
        probes=len({verdict.probe_id for verdict in verdicts if verdict.probe_id is not None}),
        runs=len({verdict.run_id or verdict.measurement_uid for verdict in verdicts}),
        witnesses=witnesses_of(verdicts),
        first=min(times),
        last=max(times),
    )


def witnesses_of(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Measurement uids, those of the gravest verdicts first."""
    ranked = sorted(verdicts, key=lambda v: (-gravity(v.outcome, v.grade), v.measurement_uid))
    return tuple(dict.fromkeys(verdict.measurement_uid for verdict in ranked))[:MAX_WITNESSES]

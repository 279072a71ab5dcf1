"""Set each measurement's observations beside its control's. Joins and groups; has no opinion.

A control is joined by (run_id, target), else it is the nearest of the same target within JOIN_WINDOW;
web_connectivity brings its helper's answer in its own record. Neither order nor doubles of the input matter.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from wallwatch.model.evidence import (
    ANY_OF,
    JOINED_BY_RUN,
    JOINED_BY_TIME,
    JOINED_IN_RECORD,
    Canaries,
    Evidence,
    Facts,
)
from wallwatch.model.measurement import ROLE_CONTROL
from wallwatch.model.observation import Observation
from wallwatch.pipeline.facts import canaries_of, facts_of
from wallwatch.pipeline.trials import trials_of

JOIN_WINDOW = timedelta(minutes=30)
ROLE_HELPER = "helper"
NO_CANARIES = Canaries(home=None, abroad=None)

Rows = Sequence[Observation]


class Joined(Struct, frozen=True, kw_only=True):
    """A control's facts and how they were found."""

    how: str | None
    uids: tuple[str, ...]
    facts: Facts | None
    canaries: Canaries


NOT_JOINED = Joined(how=None, uids=(), facts=None, canaries=NO_CANARIES)


class Controls:
    """Control measurements, found by run and by time."""

    def __init__(self, observations: Iterable[Observation]) -> None:
        own = [row for row in observations if row.vantage.role == ROLE_CONTROL]
        self.by_uid = by_measurement(own)
        self.by_run: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.by_trial: dict[str, list[Observation]] = defaultdict(list)
        times: dict[str, set[tuple[datetime, str]]] = defaultdict(set)
        for rows in self.by_uid.values():
            for row in rows:
                if row.handshake is not None and row.handshake.trial is not None:
                    self.by_trial[row.handshake.trial.id].append(row)
                elif row.kind == "handshake" and row.target is not None:
                    times[row.target].add((row.measurement_start_time, row.measurement_uid))
                    if row.vantage.run_id is not None:
                        self.by_run[row.vantage.run_id, row.target].add(row.measurement_uid)
        self.by_time = {target: sorted(found) for target, found in times.items()}

    def join(self, target: str, run_id: str | None, start: datetime) -> Joined:
        """The control of this target for this run, else the nearest in time."""
        uids = sorted(self.by_run.get((run_id, target), ())) if run_id is not None else []
        how = JOINED_BY_RUN
        if not uids:
            uids, how = self.nearest(target, start), JOINED_BY_TIME
        if not uids:
            return NOT_JOINED
        rows = [row for uid in uids for row in self.by_uid[uid]]
        return Joined(
            how=how,
            uids=tuple(uids),
            facts=facts_of(rows_about(rows, target), None),
            canaries=canaries_of(rows),
        )

    def nearest(self, target: str, start: datetime) -> list[str]:
        """At most one; of two equally near ones the earlier."""
        found = self.by_time.get(target, [])
        left = bisect_left(found, (start - JOIN_WINDOW, ""))
        right = bisect_right(found, (start + JOIN_WINDOW, "\U0010ffff"))
        near = min(found[left:right], key=lambda pair: (abs(pair[0] - start), pair), default=None)
        return [] if near is None else [near[1]]


def gather(
    observations: Iterable[Observation],
    control_observations: Iterable[Observation],
    pools: Mapping[str, str] | None = None,
) -> list[Evidence]:
    """One Evidence for each target of each measurement in `observations`, sorted by measurement and target.

    A control's own measurements may stand among `observations`: they are judged without a control. `pools`:
    target -> any_of or all_of, from the catalogue; a target that is not in it is any_of.
    """
    controls = Controls(control_observations)
    grouped = by_measurement(observations)
    return [
        evidence
        for uid in sorted(grouped)
        for evidence in evidence_of(grouped[uid], controls, pools if pools is not None else {})
    ]


def by_measurement(observations: Iterable[Observation]) -> dict[str, list[Observation]]:
    """Rows of each measurement in the order of the record; a row that comes twice counts once."""
    grouped: dict[str, dict[str, Observation]] = defaultdict(dict)
    for row in observations:
        grouped[row.measurement_uid][row.observation_id] = row
    return {uid: sorted(rows.values(), key=place_in_record) for uid, rows in grouped.items()}


def place_in_record(row: Observation) -> tuple[int, str]:
    """The index at the end of the id; ids of another make sort by themselves."""
    _, _, index = row.observation_id.rpartition("#")
    return (int(index) if index.isdecimal() else 0, row.observation_id)


def evidence_of(rows: Rows, controls: Controls, pools: Mapping[str, str]) -> list[Evidence]:
    """All targets of one measurement; a measurement without any still gives one, with no target."""
    own = [row for row in rows if row.vantage.role != ROLE_HELPER]
    if not own:
        return []
    targets = sorted({row.target for row in own if row.target is not None and row.kind != "canary"})
    return [one_target(rows, own, target, controls, pools) for target in targets] or [
        compose(own, own, None, NOT_JOINED, controls, ANY_OF)
    ]


def one_target(rows: Rows, own: Rows, target: str, controls: Controls, pools: Mapping[str, str]) -> Evidence:
    """A target's rows and its control."""
    about = rows_about(own, target)
    helper = [row for row in rows if row.vantage.role == ROLE_HELPER and row.target == target]
    first = about[0]
    if first.vantage.role == ROLE_CONTROL:
        joined = NOT_JOINED
    elif helper:
        joined = Joined(
            how=JOINED_IN_RECORD, uids=(), facts=facts_of(helper, first.input), canaries=NO_CANARIES
        )
    else:
        joined = controls.join(target, first.vantage.run_id, first.measurement_start_time)
    return compose(about, own, target, joined, controls, pools.get(target, ANY_OF))


def rows_about(rows: Rows, target: str) -> list[Observation]:
    """The target's own rows, and look-ups of the names its attempts used (functions may share one)."""
    names = {
        row.hostname for row in rows if row.target == target and row.handshake is not None and row.hostname
    }
    return [
        row
        for row in rows
        if row.target == target or (row.target is None and row.kind == "dns" and row.hostname in names)
    ]


def compose(
    about: Rows, own: Rows, target: str | None, joined: Joined, controls: Controls, pool: str
) -> Evidence:
    """Put it together."""
    first = about[0]
    attempts = [row.handshake for row in about if row.handshake is not None and row.handshake.trial is None]
    return Evidence(
        measurement_uid=first.measurement_uid,
        test_name=first.test_name,
        vantage=first.vantage,
        input=first.input,
        measurement_start_time=first.measurement_start_time,
        service=first.service if target is not None else None,
        function=first.function if target is not None else None,
        target=target,
        pool=pool,
        probe=facts_of(about if target is not None else [], first.input),
        canaries=canaries_of(own),
        control=joined.facts,
        control_canaries=joined.canaries,
        control_uids=joined.uids,
        control_joined=joined.how,
        trials=trials_of(about, controls.by_trial),
        unverified=bool(attempts) and all(attempt.unverified for attempt in attempts),
        observation_ids=tuple(row.observation_id for row in about),
    )

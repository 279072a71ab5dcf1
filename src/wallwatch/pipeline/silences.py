"""Who went quiet: silence of a probe is reported as such and is never read as "fine" or as "blocked"."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from wallwatch.model.measurement import ROLE_PROBE
from wallwatch.model.outcome import Outcome
from wallwatch.model.silence import Silence
from wallwatch.model.times import to_rfc3339
from wallwatch.model.verdict import Verdict

MISSED_ROUNDS = 2  # one missed round is a hiccup
SAME_ROUND = timedelta(minutes=45)


def silences(verdicts: Iterable[Verdict]) -> list[Silence]:
    """Times in which others reported and a probe did not, or had no network to report from."""
    rows = [verdict for verdict in verdicts if verdict.role == ROLE_PROBE and verdict.probe_id]
    rounds = _rounds(verdict.measurement_start_time for verdict in rows)
    heard: dict[tuple[str, str, int], set[datetime]] = defaultdict(set)
    for verdict in rows:
        if verdict.outcome is not Outcome.UNKNOWN:
            who = (verdict.probe_id or "", verdict.probe_cc, verdict.probe_asn)
            heard[who].add(_round_of(rounds, verdict.measurement_start_time))
    return sorted(
        (silence for who, times in heard.items() for silence in _gaps(who, times, rounds)),
        key=lambda silence: (silence.since, silence.probe_id),
    )


def _rounds(times: Iterable[datetime]) -> list[datetime]:
    """The start of each cluster of measurements."""
    starts: list[datetime] = []
    for time in sorted(times):
        if not starts or time - starts[-1] > SAME_ROUND:
            starts.append(time)
    return starts


def _round_of(rounds: list[datetime], time: datetime) -> datetime:
    return rounds[bisect_right(rounds, time) - 1]


def _gaps(who: tuple[str, str, int], heard: set[datetime], rounds: list[datetime]) -> list[Silence]:
    probe_id, cc, asn = who
    found: list[Silence] = []
    missed: list[datetime] = []
    last: datetime | None = None
    for start in [*rounds, None]:
        if start is not None and start not in heard:
            missed.append(start)
            continue
        if last is not None and len(missed) >= MISSED_ROUNDS:
            found.append(
                Silence(
                    probe_id=probe_id,
                    probe_cc=cc,
                    probe_asn=asn,
                    since=last,
                    noticed=missed[MISSED_ROUNDS - 1],
                    until=start,
                    missed_rounds=len(missed),
                    because=_because(probe_id, asn, last, start, len(missed)),
                )
            )
        missed, last = [], start
    return found


def _because(probe_id: str, asn: int, last: datetime, until: datetime | None, missed: int) -> str:
    when = f"until {to_rfc3339(until)}" if until else "and has not been heard since"
    return (
        f"probe {probe_id} in AS{asn} went quiet after {to_rfc3339(last)} {when}: it missed {missed} rounds"
        " in which others reported; nothing is concluded from its silence"
    )

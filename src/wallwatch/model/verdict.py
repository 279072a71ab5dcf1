"""A verdict: one outcome for one target seen from one network in one measurement, and why.

The line that `wallwatch verdicts` prints; its JSON is a contract.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from wallwatch.model.outcome import Grade, Locus, Outcome


class Verdict(Struct, frozen=True, kw_only=True):
    """Only a `blocked` has a grade and a mechanism."""

    measurement_uid: str
    test_name: str
    service: str | None
    function: str | None
    target: str | None
    input: str | None
    probe_cc: str
    probe_asn: int
    measurement_start_time: datetime
    outcome: Outcome
    grade: Grade | None
    locus: Locus | None
    layer: str | None
    mechanism: str | None
    fraction: float | None  # share of the target's pool that failed
    resolver_asn: int | None
    access_type: str | None
    control_uid: str | None
    rules: tuple[str, ...]  # all that fired, the deciding one first
    because: str
    rules_version: str
    reference_version: str
    role: str  # probe | control
    probe_id: str | None
    run_id: str | None
    observation_ids: tuple[str, ...]
    control_uids: tuple[str, ...]
    trial_ids: tuple[str, ...]

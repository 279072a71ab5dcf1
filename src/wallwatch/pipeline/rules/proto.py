"""The service's own protocol: it connects, and then nothing of use comes back."""

from __future__ import annotations

from wallwatch.model.outcome import Grade, Locus, Outcome
from wallwatch.pipeline.reading import attempt_mechanism, failed_at
from wallwatch.pipeline.rule import Rank, Rule
from wallwatch.pipeline.sentences import beside_control

RULES = (
    Rule(
        name="proto.failed_control_passed",
        rank=Rank.CONSISTENT,
        outcome=Outcome.BLOCKED,
        mechanism=attempt_mechanism,
        grade=Grade.CONSISTENT,
        locus=Locus.UNKNOWN,
        when=lambda e: failed_at(e, "proto"),
        because=beside_control,
    ),
)

"""What the record itself cannot tell."""

from __future__ import annotations

from wallwatch.model.evidence import Evidence
from wallwatch.model.outcome import Outcome
from wallwatch.pipeline.rule import Rank, Rule


def is_empty(evidence: Evidence) -> bool:
    """Not one operation at the target."""
    facts = evidence.probe
    rows = facts.attempts + facts.dns.n + facts.tcp.n + facts.tls.n + facts.http.n
    return evidence.target is not None and rows == 0


RULES = (
    Rule(
        name="record.no_target",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: e.target is None,
        because="the record holds nothing about a target that a rule reads",
    ),
    Rule(
        name="record.no_attempt",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=is_empty,
        because="nothing was tried at this target apart from trials",
    ),
)

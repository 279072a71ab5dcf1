"""Innocent explanations that lie with the vantage or with our own knowledge, not with the target."""

from __future__ import annotations

from wallwatch.model.evidence import Evidence
from wallwatch.model.outcome import Outcome
from wallwatch.pipeline.reading import control_fails, control_had_network, no_network, works
from wallwatch.pipeline.rule import Rank, Rule


def not_working(evidence: Evidence) -> bool:
    """There is something to explain."""
    return not works(evidence.probe, evidence.pool)


RULES = (
    Rule(
        name="vantage.no_network",
        rank=Rank.INNOCENT,
        outcome=Outcome.UNKNOWN,
        when=lambda e: not_working(e) and no_network(e),
        because="this vantage had no network: pages that nobody blocks could not be had either",
    ),
    Rule(
        name="vantage.nothing_abroad",
        rank=Rank.INNOCENT,
        outcome=Outcome.UNKNOWN,
        when=lambda e: not_working(e) and e.canaries.home is True and e.canaries.abroad is False,
        because="nothing abroad could be had from here, so the failure says nothing about this service",
    ),
    Rule(
        name="vantage.home_unreachable",
        rank=Rank.INNOCENT,
        outcome=Outcome.UNKNOWN,
        when=lambda e: not_working(e) and e.canaries.home is False and e.canaries.abroad is True,
        because="a page at home that nobody blocks could not be had, so this vantage's line is in doubt",
    ),
    Rule(
        name="vantage.unverified_fact",
        rank=Rank.INNOCENT,
        outcome=Outcome.UNKNOWN,
        when=lambda e: e.unverified,
        because="the endpoint is one that nobody has verified to be the service's",
    ),
    Rule(
        name="control.no_network",
        rank=Rank.INNOCENT,
        outcome=Outcome.UNKNOWN,
        when=lambda e: not_working(e) and control_fails(e) and not control_had_network(e),
        because="it failed here, and the control vantage had no network to compare with",
    ),
)

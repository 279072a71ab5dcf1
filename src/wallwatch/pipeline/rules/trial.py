"""Controlled trials: the same bytes to a neutral address, neutral bytes of the same length too."""

from __future__ import annotations

from wallwatch.model.outcome import Grade, Locus, Outcome
from wallwatch.pipeline.reading import attempt_mechanism, failed_beside_control, works
from wallwatch.pipeline.rule import Rank, Rule
from wallwatch.pipeline.sentences import trial_sentence, tries, unsettled_sentence
from wallwatch.pipeline.trial_reading import (
    proving,
    spared_elsewhere,
    suspicious,
    trial_mechanism,
    unsupported,
)

RULES = (
    Rule(
        name="trial.trigger_fails_anywhere",
        rank=Rank.PROVEN,
        outcome=Outcome.BLOCKED,
        mechanism=trial_mechanism,
        grade=Grade.PROVEN,
        locus=Locus.NETWORK,
        when=lambda e: bool(proving(e)),
        because=lambda e: trial_sentence(proving(e)[0]),
    ),
    Rule(
        name="trial.fails_only_towards_service",
        rank=Rank.CONSISTENT,
        outcome=Outcome.BLOCKED,
        mechanism=attempt_mechanism,
        grade=Grade.CONSISTENT,
        locus=Locus.UNKNOWN,
        when=lambda e: failed_beside_control(e) and bool(spared_elsewhere(e)),
        because=lambda e: (
            f"{tries(e.probe)} while the control reached it, but the same bytes passed towards an address "
            "that the service does not run: a network on the way or the service may refuse this country"
        ),
    ),
    Rule(
        name="trial.control_did_not_pass",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: bool(unsupported(e)),
        because="the trigger failed more often than neutral bytes, and no control passed such a trial",
    ),
    Rule(
        name="trial.not_settled",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: works(e.probe, e.pool) and bool(suspicious(e)),
        because=lambda e: unsettled_sentence(suspicious(e)[0]),
    ),
)

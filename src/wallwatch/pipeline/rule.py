"""What a rule is. The rules themselves are in `rules/`, one file a layer."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from msgspec import Struct

from wallwatch.model.evidence import Evidence
from wallwatch.model.outcome import Grade, Locus, Outcome

Mechanism = str | Callable[[Evidence], str | None] | None
Sentence = str | Callable[[Evidence], str]


class Rank(IntEnum):
    """Which rules are asked first. Within a rank: by layer, then in the order of the file."""

    PROVEN = 0  # an artefact, or a controlled trial
    REACHED = 1  # it worked
    INNOCENT = 2  # an explanation other than interference
    CONSISTENT = 3  # failed where the control did not, and nothing innocent explains it
    UNDECIDED = 4  # says what is missing


class Rule(Struct, frozen=True, kw_only=True):
    """A sentence that can be defended in public. Its name is public; new meaning gets a new name."""

    name: str
    rank: Rank
    outcome: Outcome
    when: Callable[[Evidence], bool]
    because: Sentence
    mechanism: Mechanism = None  # None: not claimed
    grade: Grade | None = None
    locus: Locus | None = None


def mechanism_of(rule: Rule, evidence: Evidence) -> str | None:
    """The rule's node of the tree for this evidence."""
    return rule.mechanism(evidence) if callable(rule.mechanism) else rule.mechanism


def sentence_of(rule: Rule, evidence: Evidence) -> str:
    """The rule's sentence with this evidence's numbers."""
    return rule.because(evidence) if callable(rule.because) else rule.because

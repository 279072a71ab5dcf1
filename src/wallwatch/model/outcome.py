"""The few words a verdict may use, and how several verdicts are summed up.

Source: OONI ontology (outcome, locus) with the grades of wallwatch's design, section 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """What became of an attempt to reach a target. `UNKNOWN` is never `OK`."""

    OK = "ok"
    DOWN = "down"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Grade(StrEnum):
    """How a `blocked` was established. Pages say "blocked" for proven, "consistent with blocking" else."""

    PROVEN = "proven"
    CONSISTENT = "consistent"


class Locus(StrEnum):
    """Whose doing it is."""

    NETWORK = "network"
    SERVER_SIDE = "server_side"
    UNKNOWN = "unknown"


class Function(StrEnum):
    """What a person does with a service."""

    REGISTRATION = "registration"
    TEXT = "text"
    MEDIA = "media"
    CALLS = "calls"
    WEB = "web"
    PUSH = "push"


def gravity(outcome: Outcome, grade: Grade | None) -> int:
    """Rank for summing up: blocked/proven > blocked/consistent > down > unknown > ok (4 ... 0)."""
    if outcome is Outcome.BLOCKED:
        return 4 if grade is Grade.PROVEN else 3
    return {Outcome.DOWN: 2, Outcome.UNKNOWN: 1, Outcome.OK: 0}[outcome]


def gravest(judged: Iterable[tuple[Outcome, Grade | None]]) -> tuple[Outcome, Grade | None]:
    """The one that speaks for all; nothing at all is `unknown`."""
    return max(judged, key=lambda pair: gravity(*pair), default=(Outcome.UNKNOWN, None))

"""When may a trial stop? After any batch, because its test may be looked at after every pair.

Pure: no network, no clock. The test itself, its source and its proof are in `model/significance` (the judge
uses the same one); this says which numbers of pairs settle a trial while it runs. Stopping early for want of
a difference costs power and never the guarantee on false alarms, which tests/probe/test_sequential.py
simulates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from wallwatch.model.significance import ALPHA, e_value

MISS = 0.01  # how likely a difference of the size that the service's own failures suggest may be missed


class Pair(Struct, frozen=True, kw_only=True):
    """One attempt of each arm at one place, one after the other."""

    trigger_failed: bool
    neutral_failed: bool


class Settled(StrEnum):
    """What the pairs so far say."""

    DIFFERS = "differs"  # the trigger fails more
    ALIKE = "alike"  # a difference as large as expected would have shown
    OPEN = "open"


def pairs_to_see(failures: int, tries: int) -> int:
    """How many pairs show a failure, with probability 1 - MISS, if the trigger fails as often as at the
    service.

    Laplace's rule (failures + 1) / (tries + 2) for the rate, so that three failures in three tries ask for
    three pairs and one in three for ten.
    """
    rate = (failures + 1) / (tries + 2)
    return math.ceil(math.log(MISS) / math.log(1 - rate))


def settled(pairs: Sequence[Pair], wanted: int) -> Settled:
    """Whether to stop. `wanted`: what `pairs_to_see` said; that many are enough when neutral bytes fared no
    better.
    """
    trigger_failures = sum(pair.trigger_failed for pair in pairs)
    neutral_failures = sum(pair.neutral_failed for pair in pairs)
    if e_value(len(pairs), trigger_failures, neutral_failures) >= 1 / ALPHA:
        return Settled.DIFFERS
    if len(pairs) >= wanted and neutral_failures >= trigger_failures:
        return Settled.ALIKE
    return Settled.OPEN

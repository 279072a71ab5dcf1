"""The trial's statistics against brute force, against the probe's own stopping rule, and under the null."""

from __future__ import annotations

import math
import random
from itertools import combinations

import pytest

from wallwatch.model.significance import (
    ALPHA,
    ALPHA_AT_BUDGET,
    PAIRS_BUDGET,
    fisher_p,
    is_significant,
)
from wallwatch.probe import sequential

DRAWS = 4000


@pytest.mark.parametrize(
    ("n", "failed", "other_n", "other_failed"), [(4, 4, 4, 0), (5, 3, 6, 1), (3, 0, 3, 2)]
)
def test_fisher_is_the_share_of_all_ways_to_place_the_failures(
    n: int, failed: int, other_n: int, other_failed: int
) -> None:
    ways = list(combinations(range(n + other_n), failed + other_failed))
    extreme = sum(1 for way in ways if sum(place < n for place in way) >= failed)
    assert fisher_p(n, failed, other_n, other_failed) == pytest.approx(extreme / len(ways))


def test_where_the_probe_stops_because_it_is_settled_the_judge_sees_a_difference_too() -> None:
    chance = random.Random(1)
    stopped = 0
    for _ in range(500):
        drawn: list[sequential.Pair] = []
        while len(drawn) < PAIRS_BUDGET and sequential.settled(drawn, 99) is sequential.Settled.OPEN:
            pair = sequential.Pair(trigger_failed=chance.random() < 0.6, neutral_failed=chance.random() < 0.1)
            drawn.append(pair)
        if sequential.settled(drawn, 99) is sequential.Settled.DIFFERS:
            stopped += 1
            counts = (sum(p.trigger_failed for p in drawn), sum(p.neutral_failed for p in drawn))
            assert is_significant(len(drawn), *counts)
    assert stopped > 100


def test_four_clean_pairs_are_enough_and_three_are_not() -> None:
    assert is_significant(4, 4, 0)
    assert not is_significant(3, 3, 0)
    assert not is_significant(4, 4, 0, trials=2)
    assert not is_significant(0, 0, 0)
    assert not is_significant(8, 0, 8)


def looks_significant(chance: random.Random, trigger: float, neutral: float) -> bool:
    """One trial that is looked at after every pair, as no probe does."""
    trigger_failed = neutral_failed = 0
    for pairs in range(1, PAIRS_BUDGET + 1):
        trigger_failed += chance.random() < trigger
        neutral_failed += chance.random() < neutral
        if is_significant(pairs, trigger_failed, neutral_failed):
            return True
    return False


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.6])
def test_lines_that_lose_both_arms_alike_are_seldom_called_different(rate: float) -> None:
    chance = random.Random(2)
    wrong = sum(looks_significant(chance, rate, rate) for _ in range(DRAWS))
    allowed = ALPHA + ALPHA_AT_BUDGET
    assert wrong / DRAWS <= allowed + 3 * math.sqrt(allowed / DRAWS)


def test_a_censor_that_acts_four_times_in_ten_is_found_more_often_than_not() -> None:
    chance = random.Random(3)
    found = sum(looks_significant(chance, 0.4, 0.01) for _ in range(1000))
    assert found >= 700

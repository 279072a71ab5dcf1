"""The trial's test: its guarantee, by simulation, and how soon it settles."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallwatch.model import significance
from wallwatch.model.significance import ALPHA, ALTERNATIVES, PAIRS_BUDGET
from wallwatch.probe.sequential import Pair, Settled, pairs_to_see, settled
from wallwatch.probe.trial import BATCHES

BLOCKED = Pair(trigger_failed=True, neutral_failed=False)
BOTH_PASS = Pair(trigger_failed=False, neutral_failed=False)
BOTH_FAIL = Pair(trigger_failed=True, neutral_failed=True)


def e_value(pairs: Sequence[Pair]) -> float:
    triggers, neutrals = (sum(p.trigger_failed for p in pairs), sum(p.neutral_failed for p in pairs))
    return significance.e_value(len(pairs), triggers, neutrals)


def ever_differs(draw: Callable[[], Pair], budget: int = PAIRS_BUDGET) -> bool:
    """Look after every single pair, which is the worst that a caller can do."""
    pairs: list[Pair] = []
    for _ in range(budget):
        pairs.append(draw())
        if e_value(pairs) >= 1 / ALPHA:
            return True
    return False


def arms(source: random.Random, trigger: float, neutral: float) -> Callable[[], Pair]:
    return lambda: Pair(trigger_failed=source.random() < trigger, neutral_failed=source.random() < neutral)


def test_the_weights_are_a_prior() -> None:
    assert sum(weight for _, _, weight in ALTERNATIVES) == pytest.approx(1)
    assert all(trigger > neutral for trigger, neutral, _ in ALTERNATIVES)
    assert e_value([]) == pytest.approx(1)


@given(rate=st.floats(0, 1))
def test_no_single_pair_is_expected_to_bring_evidence_where_there_is_none(rate: float) -> None:
    expected = sum(
        (rate if trigger else 1 - rate)
        * (rate if neutral else 1 - rate)
        * e_value([Pair(trigger_failed=trigger, neutral_failed=neutral)])
        for trigger in (False, True)
        for neutral in (False, True)
    )
    assert expected <= 1 + 1e-9


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3, 0.5, 0.8, 0.95])
def test_false_positives_stay_below_alpha_however_often_one_looks(rate: float) -> None:
    source, runs = random.Random(17), 1000
    false = sum(ever_differs(arms(source, rate, rate)) for _ in range(runs))
    # 1000 runs at exactly ALPHA would give 10 +- 3.1; three standard deviations above it.
    assert false <= 19


def test_false_positives_stay_below_alpha_when_the_line_gets_worse_and_better() -> None:
    source = random.Random(5)

    def drifting() -> Pair:
        rate = source.choice((0.0, 0.1, 0.9))  # the same for both of a pair, another for the next
        return arms(source, rate, rate)()

    assert sum(ever_differs(drifting) for _ in range(1000)) <= 19


def test_the_batches_add_up_to_the_budget() -> None:
    assert sum(BATCHES) == PAIRS_BUDGET


def test_a_rule_that_always_acts_settles_in_one_batch() -> None:
    assert settled([BLOCKED] * 3, wanted=3) is Settled.OPEN
    assert settled([BLOCKED] * 4, wanted=3) is Settled.DIFFERS


def test_one_lost_neutral_packet_costs_a_second_batch() -> None:
    pairs = [BLOCKED, BOTH_FAIL, BLOCKED, BLOCKED]
    assert settled(pairs, wanted=3) is Settled.OPEN
    assert settled([*pairs, *[BLOCKED] * 4], wanted=3) is Settled.DIFFERS


@pytest.mark.parametrize(("rate", "least"), [(0.5, 0.8), (0.7, 0.98)])
def test_a_rule_that_acts_now_and_then_is_seen_within_the_budget(rate: float, least: float) -> None:
    source, runs = random.Random(3), 500
    assert sum(ever_differs(arms(source, rate, 0.01)) for _ in range(runs)) / runs >= least


def test_no_difference_ends_the_trial_early() -> None:
    assert settled([BOTH_PASS] * 4, wanted=pairs_to_see(3, 3)) is Settled.ALIKE
    assert settled([BOTH_PASS] * 4, wanted=pairs_to_see(1, 3)) is Settled.OPEN
    assert settled([BOTH_FAIL] * 4, wanted=3) is Settled.ALIKE  # the twins are gone: nothing to be learnt


def test_a_reversed_difference_is_none() -> None:
    neutral_fails = Pair(trigger_failed=False, neutral_failed=True)
    assert e_value([neutral_fails] * 8) < 1


def test_fewer_failures_at_the_service_ask_for_more_pairs() -> None:
    assert [pairs_to_see(failures, 3) for failures in (3, 2, 1)] == [3, 6, 10]

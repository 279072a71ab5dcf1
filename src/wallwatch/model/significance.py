"""Does the trigger fail more often than its neutral twin? Exact tests on counts of pairs. No opinion.

The first is the two-sample e-process of Turner, Ly and Gruenwald ("Generic E-variables for exact sequential
k-sample tests that allow for optional stopping", J. Stat. Plan. Inference 230, 2024) for blocks of one and
one: it may be looked at after every pair. For an alternative (a, b), the failure rates of the arms, with
middle m, a pair multiplies the evidence by p_a(x) p_b(y) / (p_m(x) p_m(y)). If both arms in truth fail at one
rate r, whatever it is and even if it changes from pair to pair, the expectation of that factor is
1 - ((r - m)(a - m) / (m (1 - m)))^2 <= 1: so the product is a non-negative supermartingale, so is any
weighted mean of products, and by Ville's inequality it ever exceeds 1/alpha with probability at most alpha.
It depends on the counts only.

The second is Fisher's exact test, once, on a trial that ran its whole budget: it finds the censor that acts
now and then, where the first would need more pairs than anyone wants to send.
"""

from __future__ import annotations

import math

ALPHA = 0.01  # of the e-process: how often a trial may see a difference where there is none
PAIRS_BUDGET = 24  # pairs after which a trial stops anyway
ALPHA_AT_BUDGET = 0.005  # of Fisher's test there; both together: at most 0.015

# Failure rate of the trigger, of the neutral bytes, and the weight given beforehand. Half lies on a rule that
# always acts over a good line; the rest on rules that act now and then, and on bad lines.
ALTERNATIVES = (
    (0.99, 0.01, 0.5),
    (0.9, 0.1, 0.1),
    (0.9, 0.3, 0.05),
    (0.7, 0.02, 0.1),
    (0.5, 0.02, 0.1),
    (0.5, 0.15, 0.05),
    (0.3, 0.02, 0.1),
)


def e_value(pairs: int, trigger_failed: int, neutral_failed: int) -> float:
    """The evidence that the trigger fails more often; 1 for no pairs."""
    return math.fsum(
        weight
        * math.exp(
            _log_ratio(trigger, (trigger + neutral) / 2, pairs, trigger_failed)
            + _log_ratio(neutral, (trigger + neutral) / 2, pairs, neutral_failed)
        )
        for trigger, neutral, weight in ALTERNATIVES
    )


def _log_ratio(rate: float, null_rate: float, n: int, failed: int) -> float:
    passed = n - failed
    return failed * math.log(rate / null_rate) + passed * math.log((1 - rate) / (1 - null_rate))


def fisher_p(n: int, failed: int, other_n: int, other_failed: int) -> float:
    """One-sided Fisher: how likely at least `failed` of `n` failures are if the other arm fails alike."""
    total = n + other_n
    failures = failed + other_failed
    most = min(n, failures)
    ways = sum(math.comb(n, k) * math.comb(other_n, failures - k) for k in range(failed, most + 1))
    return ways / math.comb(total, failures)


def is_significant(pairs: int, trigger_failed: int, neutral_failed: int, trials: int = 1) -> bool:
    """Whether the pairs of one of so many trials prove a difference (Bonferroni over the trials)."""
    if pairs == 0:
        return False
    if e_value(pairs, trigger_failed, neutral_failed) >= trials / ALPHA:
        return True
    whole_budget = pairs >= PAIRS_BUDGET
    return whole_budget and fisher_p(pairs, trigger_failed, pairs, neutral_failed) <= ALPHA_AT_BUDGET / trials

"""When did it change? The interval of a change between rounds, from how often what began there shows.

A change lies somewhere between the last round that was surely good and the first that was bad. What shows
in only some rounds may have been missed in the good ones: the interval is the part next to the sighting that
holds COVERAGE of the posterior under a uniform prior over time. Networks that fell in one round are asked
together, since each of them would have had to miss it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from wallwatch.model.changepoint import Flank, Interval

ALWAYS = 0.6  # prior that a spell shows in every round; else in any share of them, all alike
COVERAGE = 0.90


def missed(shown: int, hidden: int, rounds: int) -> float:
    """The probability that a spell stays hidden for `rounds` rounds, having shown in some, hidden in some."""
    if rounds == 0:
        return 1.0
    always = ALWAYS if hidden == 0 else 0.0
    sometimes = (1.0 - ALWAYS) * _beta(1 + shown, 1 + hidden)
    return (1.0 - ALWAYS) * _beta(1 + shown, 1 + hidden + rounds) / (always + sometimes)


def onset(flanks: Sequence[Flank]) -> Interval:
    """Of what began before these sightings: one flank for each network that fell in the same round."""
    edges = _edges(flanks, min)
    return Interval(earliest=edges[_reach(flanks, edges)], latest=edges[0])


def end(flanks: Sequence[Flank]) -> Interval:
    """Of what ended after these sightings: one flank for each network that got well after the same round."""
    edges = _edges(flanks, max)
    return Interval(earliest=edges[0], latest=edges[_reach(flanks, edges)])


def _edges(flanks: Sequence[Flank], outer: Callable[[Iterator[datetime]], datetime]) -> list[datetime]:
    """The sighting and the good rounds away from it; of the networks' times of a round the outer one."""
    rounds = max(len(flank.goods) for flank in flanks)
    return [
        outer(flank.sighting for flank in flanks),
        *(outer(flank.goods[k] for flank in flanks if len(flank.goods) > k) for k in range(rounds)),
    ]


def _reach(flanks: Sequence[Flank], edges: Sequence[datetime]) -> int:
    """The edge at which the gaps so far hold COVERAGE of the posterior; gap k was missed k times by all."""
    gaps = [abs((far - near).total_seconds()) for near, far in pairwise(edges)]
    masses = [gap * _missed_by_all(flanks, rounds) for rounds, gap in enumerate(gaps)]
    wanted, sofar = COVERAGE * math.fsum(masses), 0.0
    for edge, mass in enumerate(masses, 1):
        sofar += mass
        if sofar >= wanted:
            return edge
    return len(masses)


def _missed_by_all(flanks: Sequence[Flank], rounds: int) -> float:
    return math.prod(
        missed(flank.shown, flank.hidden, rounds) for flank in flanks if len(flank.goods) >= rounds
    )


def _beta(one: int, other: int) -> float:
    """Euler's beta function of whole numbers."""
    return math.exp(math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other))

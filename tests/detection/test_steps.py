"""The first detector: when a spell begins and ends, and whether its intervals hold the truth."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detection.making import at, cells
from wallwatch.pipeline.detect import detect


def test_nothing_but_good_rounds_is_no_spell() -> None:
    assert detect(cells("." * 60)) == []


def test_unknown_rounds_say_nothing() -> None:
    assert detect(cells("..????..??..")) == []


def test_silence_says_nothing() -> None:
    assert detect(cells("...        ...")) == []


def test_a_proven_round_begins_a_spell_between_the_last_good_and_the_first_bad() -> None:
    (spell,) = detect(cells("....PPPPPP"))
    assert (spell.onset.earliest, spell.onset.latest) == (at(3), at(4))
    assert spell.end is None
    assert spell.kind == "block"


def test_a_spell_ends_between_the_last_bad_and_the_first_good() -> None:
    (spell,) = detect(cells("....PPPPPP....."))
    assert spell.end is not None
    assert (spell.end.earliest, spell.end.latest) == (at(9), at(10))
    assert spell.end_known is not None
    assert spell.end_known <= at(12)


def test_one_good_round_does_not_end_what_comes_and_goes() -> None:
    (spell,) = detect(cells("....P.PP.P.PP.P"))
    assert spell.end is None


def test_an_unproven_failure_that_comes_and_goes_rarely_stays_one_or_no_spell() -> None:
    assert len(detect(cells("......c.........c........"))) <= 2


def test_a_failure_at_the_control_too_is_an_outage() -> None:
    (spell,) = detect(cells("....ddd....."))
    assert spell.kind == "outage"
    assert (spell.onset.earliest, spell.onset.latest) == (at(3), at(4))


def test_a_hiccup_of_the_control_during_a_block_is_no_outage() -> None:
    assert {spell.kind for spell in detect(cells("...PPdPPP...."))} == {"block"}


def test_a_gap_without_measurements_widens_the_interval() -> None:
    (spell,) = detect(cells("....      PPP"))
    assert (spell.onset.earliest, spell.onset.latest) == (at(3), at(10))


@given(st.permutations(cells("..P..PPP....dd...") + cells("...PPPP....", asn=9808)))
def test_the_order_of_cells_does_not_matter(shuffled: list) -> None:  # type: ignore[type-arg]
    ordered = cells("..P..PPP....dd...") + cells("...PPPP....", asn=9808)
    assert detect(shuffled) == detect(ordered)


@given(st.text(alphabet=".? ", max_size=80))
def test_without_a_bad_round_there_is_never_a_spell(letters: str) -> None:
    assert detect(cells(letters)) == []


@given(st.text(alphabet=".?Pcd ", max_size=60))
def test_spells_are_in_order_and_make_sense(letters: str) -> None:
    for spell in detect(cells(letters)):
        assert spell.onset.earliest <= spell.onset.latest == spell.sightings[0].time
        if spell.end:
            assert spell.sightings[-1].time <= spell.end.earliest <= spell.end.latest
            assert spell.end_known is not None


@pytest.mark.parametrize(("rate", "bar"), [(1.0, 0.99), (0.8, 0.85), (0.5, 0.85)])
def test_intervals_hold_the_truth_as_often_as_they_should(rate: float, bar: float) -> None:
    """2,000 simulated blocks that show in a share of rounds: how often the intervals hold the truth."""
    generator = random.Random(20170920)
    onsets = ends = found = 0
    for _ in range(2000):
        begin, length = generator.randint(20, 30), generator.randint(15, 30)
        letters = "".join(
            "P" if begin <= index < begin + length and generator.random() < rate else "."
            for index in range(begin + length + 30)
        )
        spells = detect(cells(letters))
        if not spells:
            continue
        found += 1
        truth, over = at(begin), at(begin + length)
        onsets += spells[0].onset.earliest < truth <= spells[0].onset.latest
        last = spells[-1].end
        ends += last is not None and last.earliest < over <= last.latest
    assert found == 2000
    assert onsets / found >= bar
    assert ends / found >= bar

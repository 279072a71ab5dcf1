"""Where things lie: slots in order and apart, gaps where days have no rounds, intervals true to time."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from tests.web.china_2017 import JULY, ROUNDS, MadeUp, at, september, strips
from wallwatch.model.changepoint import Interval
from wallwatch.web import charts, scope

STRIP = strips(ROUNDS[-1])[0]


@given(some.lists(some.integers(min_value=1, max_value=24 * 40), max_size=120))
def test_slots_never_overlap_and_fill_the_width(gaps: list[int]) -> None:
    time, slots = at("01-01 00:00"), []
    for gap in gaps:
        time += timedelta(hours=gap)
        slots.append(replace(STRIP.slots[0], start=time, end=time + timedelta(hours=1)))
    placed = charts.positions(slots)
    assert len(placed) == len(slots)
    for (x, width), (after, _) in pairwise(placed):
        assert 0 <= x < x + width < after <= 100
    if placed:
        assert sum(placed[-1]) <= 100.0001


def test_days_without_rounds_are_a_gap() -> None:
    placed = charts.positions(STRIP.slots)
    steps = {ROUNDS[index + 1]: placed[index + 1][0] - placed[index][0] for index in range(len(placed) - 1)}
    assert steps[at("09-05 02:00")] > 1.5 * steps[at("07-18 06:00")]


def test_a_mark_says_its_time_outcome_and_denominator() -> None:
    text = next(one for one in strips(at("09-20 05:00")) if (one.function, one.asn) == ("text", 4837))
    assert charts.marks(text)[-1].title == (
        "20 Sep 2017, 05:00 UTC: consistent with blocking (1 blocked of 1, proto.drop.noise)"
    )


def test_a_mark_without_data_says_that() -> None:
    offline = next(one for one in strips(at("08-09 09:00")) if one.asn == 9808)
    assert charts.marks(offline)[-1].title == "9 Aug 2017, 09:00 UTC: no data"
    assert charts.marks(offline)[-1].kind == "none"


def test_dates_keep_their_distance() -> None:
    ticks = charts.ticks(STRIP.slots)
    assert [tick.label for tick in ticks][:2] == ["14 Jul", "18 Jul"]
    for one, other in pairwise(ticks):
        assert other.x - one.x >= charts.LABEL_ROOM
    narrow = [tick.x for tick in ticks if tick.narrow]
    assert all(b - a >= charts.LABEL_ROOM_NARROW for a, b in pairwise(narrow))


def test_a_finished_incident_has_both_intervals_and_states_inside_the_chart() -> None:
    chart = charts.interval_chart(JULY, at("09-24 02:00"))
    assert [band.kind for band in chart.bands] == ["onset", "certain", "end"]
    assert [band.kind for band in chart.states] == ["suspected", "confirmed", "restored"]
    for band in (*chart.bands, *chart.states):
        assert 0 <= band.x <= band.x + band.width <= 100.01
    assert "it ended between 09:00 and 15:00 UTC on 1 August 2017" in chart.label


def test_an_open_incident_is_open_to_the_right() -> None:
    chart = charts.interval_chart(september(at("09-24 02:00")), at("09-24 02:00"))
    assert [band.kind for band in chart.bands] == ["onset", "certain", "open"]
    assert chart.bands[-1].x + chart.bands[-1].width == pytest.approx(100, abs=0.01)
    assert chart.label.endswith("at 24 Sep 2017, 02:00 UTC it was not over.")


def test_a_moment_and_a_time_before_the_onset_do_not_break_the_chart() -> None:
    moment = replace(JULY, onset=Interval(earliest=JULY.onset.latest, latest=JULY.onset.latest), end=None)
    chart = charts.interval_chart(moment, at("07-01 00:00"))
    assert chart.bands[0].width == 0


def test_scope_separates_affected_from_not() -> None:
    station = MadeUp(37)
    found = scope.scope(september(station.now), station.strips(None, None))
    assert found.functions_affected == ("text messages", "media")
    assert found.functions_not_affected == ("registration", "web client")
    assert found.networks_not_affected == ()
    text = next(row for row in found.rows if row.function == "text")
    assert [(share.bad, share.seen, share.kind) for share in text.shares if share] == [
        (8, 9, "proven"),
        (8, 9, "proven"),
        (3, 9, "proven"),
    ]
    assert [row.service for row in found.rows if not row.own] == ["weibo"]


def test_scope_does_not_count_rounds_without_data() -> None:
    only = replace(JULY, onset=Interval(earliest=at("08-09 03:00"), latest=at("08-09 09:00")), end=None)
    found = scope.scope(only, strips(at("08-09 21:00")))
    silent = found.rows[0].shares[2]
    assert silent is not None
    assert (silent.seen, silent.kind) == (0, "none")


def test_a_network_that_kept_working_is_named() -> None:
    until = at("09-22 02:00")
    early = replace(september(until), functions=("text",), asns=(4134, 4837))
    found = scope.scope(early, strips(until))
    assert found.networks_not_affected == ("China Mobile (AS9808)",)

"""One line a measurement, and counts an hour."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.pipeline.making import (
    BLOCKED_TEXT,
    PASSING_CONTROL,
    attempt,
    control_record,
    pairs,
    record,
    tries,
    verdict,
    verdicts,
)
from wallwatch.model.failure import CONNECTION_RESET, TIMEOUT
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.pipeline.cells import MAX_WITNESSES, tally
from wallwatch.pipeline.summary import sum_up

OK = verdict(record(tries(1)), PASSING_CONTROL)
UNKNOWN = verdict(record(tries(1, failure=TIMEOUT)))
DOWN = verdict(record(tries(3, failure=TIMEOUT)), control_record(tries(3, failure=TIMEOUT)))
CONSISTENT = verdict(record(tries(3, failure=CONNECTION_RESET)), PASSING_CONTROL)
PROVEN = verdict(BLOCKED_TEXT, PASSING_CONTROL)
BY_GRAVITY = [PROVEN, CONSISTENT, DOWN, UNKNOWN, OK]


@pytest.mark.parametrize("gravest", range(len(BY_GRAVITY)))
def test_the_gravest_speaks_for_the_measurement(gravest: int) -> None:
    several = [
        structs.replace(each, measurement_uid="m", target=f"whatsapp/{n}")
        for n, each in enumerate(reversed(BY_GRAVITY[gravest:]))
    ]
    (line,) = sum_up(several)
    assert (line.outcome, line.grade) == (BY_GRAVITY[gravest].outcome, BY_GRAVITY[gravest].grade)
    assert line == sum_up(several[::-1])[0]


def test_what_the_equally_grave_share_is_kept_and_the_rest_left_out() -> None:
    probe = record(
        [
            *tries(3, "text", CONNECTION_RESET),
            *pairs([CONNECTION_RESET] * 8, [None] * 8),
            *tries(3, "media", CONNECTION_RESET),
            *pairs([CONNECTION_RESET] * 8, [None] * 8, function="media"),
            *tries(1, "web"),
        ]
    )
    arms = [*pairs([None] * 4, [None] * 4), *pairs([None] * 4, [None] * 4, function="media")]
    control = control_record([attempt("text"), attempt("media"), attempt("web"), *arms])
    found = verdicts(probe, control)
    assert {each.function: each.mechanism for each in found} == {
        "text": "proto.reset.noise",
        "media": "tls.reset.sni",
        "web": None,
    }
    (line,) = sum_up(found)
    assert (line.grade, line.service, line.function, line.mechanism) == (Grade.PROVEN, "whatsapp", None, None)
    assert line.because.endswith("(2 of 3 targets)")


def test_cells_count_and_keep_the_control_out() -> None:
    of_control = structs.replace(OK, role="control", probe_cc="NL", measurement_uid="c")
    numbered = [structs.replace(each, measurement_uid=f"m{n}") for n, each in enumerate(BY_GRAVITY)]
    cells = tally([*numbered, *numbered, of_control])
    assert {cell.key.layer for cell in cells} == {"proto", ""}
    assert sum(cell.ok for cell in cells) == 1
    assert sum(cell.down for cell in cells) == 1
    assert sum(cell.unknown for cell in cells) == 1
    assert sum(cell.blocked for cell in cells) == 2
    assert sum(cell.proven for cell in cells) == 1
    assert {cell.key.probe_cc for cell in cells} == {"CN"}
    (apart,) = tally([*numbered, of_control], role="control")
    assert (apart.key.probe_cc, apart.ok) == ("NL", 1)


def test_a_cell_is_an_hour_of_a_series_and_names_the_gravest_witnesses_first() -> None:
    many = [
        structs.replace(OK, measurement_uid=f"m{n:02}", probe_id=f"p{n % 3}", layer="proto")
        for n in range(30)
    ]
    bad = structs.replace(PROVEN, measurement_uid="z", run_id="run-2")
    (cell,) = tally([*many, bad])
    assert (cell.key.hour.minute, cell.first, cell.last) == (
        0,
        OK.measurement_start_time,
        OK.measurement_start_time,
    )
    assert (cell.probes, cell.runs) == (4, 2)
    assert cell.witnesses[0] == "z"
    assert len(cell.witnesses) == MAX_WITNESSES
    assert cell.mechanisms == {"proto.reset.noise": 1}


def test_verdicts_without_a_function_have_no_cell() -> None:
    assert tally([structs.replace(OK, function=None), structs.replace(OK, service=None)]) == []


def test_nothing_is_summed_up_from_nothing() -> None:
    assert sum_up([]) == []
    assert UNKNOWN.outcome is Outcome.UNKNOWN

"""Joining: which control, which trial, which look-ups belong to a target."""

from __future__ import annotations

import pytest

from tests.pipeline.making import Json, attempt, control_record, evidence, pairs, record, rows, tries
from wallwatch.model.failure import TIMEOUT
from wallwatch.pipeline.evidence import gather


def at(time: str) -> Json:
    return {"measurement_start_time": f"2017-09-20 {time}"}


def test_the_control_of_the_same_run_goes_before_a_nearer_one() -> None:
    answered = control_record(tries(3, failure=TIMEOUT), **at("02:00:20"))
    nearer = control_record(tries(1), run_id="round-7", **at("02:00:01"))
    (found,) = evidence(record(tries(1)), answered, nearer)
    assert (found.control_joined, len(found.control_uids)) == ("run", 1)
    assert found.control is not None
    assert found.control.failed == 3


def test_else_the_nearest_within_half_an_hour_and_of_two_the_earlier() -> None:
    controls = [
        control_record(tries(1), run_id="a", **at("02:10:00")),
        control_record(tries(2), run_id="b", **at("02:05:00")),
        control_record(tries(3), run_id="c", **at("01:55:00")),
    ]
    (found,) = evidence(record(tries(1)), *controls)
    assert found.control_joined == "time"
    assert found.control is not None
    assert found.control.attempts == 3


@pytest.mark.parametrize(
    "control",
    [
        control_record(tries(1), run_id="x", **at("02:30:01")),
        control_record(tries(1, "media")),  # another target
        control_record(pairs([None], [None])),  # trials only
        record(tries(1)),  # another probe is no control
    ],
)
def test_what_is_no_control_of_the_target_is_not_joined(control: Json) -> None:
    (found,) = evidence(record(tries(1)), control)
    assert (found.control, found.control_uids, found.control_joined) == (None, (), None)


def test_trials_are_kept_apart_from_tries_and_joined_by_their_id() -> None:
    probe = record([*tries(3, failure=TIMEOUT), *pairs([TIMEOUT, TIMEOUT, None], [None, None])])
    control = control_record([*tries(1), *pairs([None] * 2, [None] * 2)], run_id="another")
    (found,) = evidence(probe, control)
    assert (found.probe.attempts, found.probe.failed, found.probe.source_ports) == (3, 3, 3)
    (trial,) = found.trials
    assert (trial.trigger_family, trial.pairs.pairs, trial.pairs.trigger_failed) == ("noise", 2, 2)
    assert [(arm.payload, arm.n, arm.failed) for arm in trial.probe] == [("neutral", 2, 0), ("trigger", 3, 2)]
    assert [(arm.payload, arm.n, arm.failed) for arm in trial.control] == [
        ("neutral", 2, 0),
        ("trigger", 2, 0),
    ]


def test_look_ups_of_a_shared_name_count_for_every_function_that_used_it() -> None:
    answer = {"answer_type": "A", "ipv4": "157.240.1.53"}
    queries = [
        {"hostname": "g.whatsapp.net", "query_type": "A", "failure": None, "answers": [answer]},
        {"hostname": "other.example", "query_type": "A", "failure": None, "answers": [answer]},
    ]
    probe = record([attempt(), attempt("web", hostname="g.whatsapp.net")], queries=queries)
    assert [(each.target, each.probe.dns.n) for each in evidence(probe)] == [
        ("whatsapp/text", 1),
        ("whatsapp/web", 1),
    ]


def test_unverified_endpoints_count_only_where_there_are_no_others() -> None:
    mixed = record([attempt(), attempt(failure=TIMEOUT, unverified=True, endpoint="157.240.9.9:443")])
    (found,) = evidence(mixed)
    assert (found.unverified, found.probe.attempts, found.probe.failed) == (False, 1, 0)
    (alone,) = evidence(record([attempt(unverified=True)]))
    assert alone.unverified


def test_pools_come_from_the_catalogue() -> None:
    (found,) = evidence(record(tries(1)), pools={"whatsapp/text": "all_of"})
    assert found.pool == "all_of"


def test_neither_order_nor_doubles_matter() -> None:
    probe = rows(record([*tries(3, failure=TIMEOUT), *pairs([TIMEOUT] * 4, [None] * 4)]))
    control = rows(control_record([*tries(1), *pairs([None] * 2, [None] * 2)]))
    assert gather(probe, control) == gather([*reversed(probe), *probe], [*control, *reversed(control)])


def test_a_measurement_without_targets_still_gives_one_line() -> None:
    (found,) = evidence(record([]))
    assert (found.target, found.service, found.probe.attempts) == (None, None, 0)

"""One test a quirk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.unreadable import Reason, Unreadable

START = datetime(2017, 9, 20, 2, 0, tzinfo=UTC)
MINIMAL: dict[str, Any] = {
    "test_name": "whatsapp",
    "measurement_start_time": "2017-09-20 02:00:00",
    "probe_cc": "CN",
    "probe_asn": "AS4134",
    "test_keys": {"queries": []},
}


def decoded(**changes: Any) -> Any:
    return decode(json.dumps({**MINIMAL, **changes}).encode())


@pytest.mark.parametrize(
    "written",
    [
        "2017-09-20 02:00:00",
        "2017-09-20T02:00:00Z",
        "2017-09-20T02:00:00",
        "2017-09-20T04:00:00+02:00",
        "2017-09-20 02:00:00.000000",
    ],
)
def test_times_are_read_in_every_form(written: str) -> None:
    assert decoded(measurement_start_time=written).measurement_start_time == START


def test_the_tests_start_stands_in_for_a_missing_one() -> None:
    found = decoded(measurement_start_time=None, test_start_time="2017-09-20 02:00:00")
    assert found.measurement_start_time == START


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("AS4134", 4134),
        ("as4134", 4134),
        ("4134", 4134),
        (4134, 4134),
        ("AS0", 0),
        (None, 0),
        ("ASx", 0),
        (True, 0),
    ],
)
def test_network_numbers(written: Any, number: int) -> None:
    assert decoded(probe_asn=written).probe_asn == number
    assert decoded(resolver_asn=written).resolver_asn == (number or None)


@pytest.mark.parametrize(
    ("written", "country"),
    [("CN", "CN"), ("cn", "CN"), (None, "ZZ"), ("China", "ZZ"), (86, "ZZ"), ("", "ZZ")],
)
def test_countries(written: Any, country: str) -> None:
    assert decoded(probe_cc=written).probe_cc == country


def test_missing_fields_are_the_unknown_ones() -> None:
    found = decode(b'{"test_name": "tor", "test_start_time": "2017-09-20 02:00:00"}')
    assert (found.probe_cc, found.probe_asn, found.resolver_asn) == ("ZZ", 0, None)
    assert (found.test_keys, found.annotations, found.input) == (None, {}, None)
    assert found.role == "probe"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (None, None),
        ("", None),
        ("http://example.com/", "http://example.com/"),
        (["front", "hidden"], "front hidden"),
        ([], None),
    ],
)
def test_inputs(written: Any, text: str | None) -> None:
    assert decoded(input=written).input == text


def test_annotations_become_text() -> None:
    found = decoded(annotations={"a": "x", "b": True, "c": 7, "d": None, "e": {"f": 1}, "role": "control"})
    assert found.annotations == {"a": "x", "b": "true", "c": "7", "role": "control"}
    assert found.role == "control"
    assert decoded(annotations=None).annotations == {}
    assert decoded(annotations=[1]).annotations == {}


@pytest.mark.parametrize("written", [None, {}])
def test_a_nettest_that_recorded_nothing_is_still_a_measurement(written: Any) -> None:
    assert decoded(test_keys=written).test_keys is None


def test_the_senders_id_is_kept_where_it_has_the_look_of_one() -> None:
    record = json.dumps(MINIMAL).encode()
    uid = "20210415084230.511612_IR_signal_ed269d082953bf2e"
    assert decode(record, uid).measurement_uid == uid
    assert decode(record, "../../etc/passwd").measurement_uid.startswith("20170920020000.000000_CN_whatsapp_")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"test_name": None}, Reason.NO_TEST_NAME),
        ({"test_name": "  "}, Reason.NO_TEST_NAME),
        ({"measurement_start_time": None}, Reason.NO_TIME),
        ({"measurement_start_time": 1505872800}, Reason.NO_TIME),
        ({"measurement_start_time": "yesterday"}, Reason.BAD_TIME),
        ({"measurement_start_time": "0001-01-01T00:00:00+14:00"}, Reason.BAD_TIME),
        ({"test_keys": "x"}, Reason.BAD_TEST_KEYS),
    ],
)
def test_what_cannot_be_placed_is_refused(changes: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(Unreadable) as refused:
        decoded(**changes)
    assert refused.value.reason is reason

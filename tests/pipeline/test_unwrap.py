"""Taking wrapping off, and refusing with a reason what has nothing inside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.pipeline.making import attempt, record
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.unreadable import Reason, Unreadable
from wallwatch.pipeline.unwrap import ListingRow, Raw, documents, unwrap

UID = "20170920020000.123456_CN_servicefunctions_0123456789abcdef"
PLAIN = record([attempt()])
ROW = {
    "measurement_start_time": "2017-09-20T02:00:00Z",
    "probe_cc": "CN",
    "test_name": "whatsapp",
    "anomaly": True,
}


def packed(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("wrapped", "uid"),
    [
        (PLAIN, None),
        ({**PLAIN, "measurement_uid": UID}, UID),
        ({"format": "json", "content": PLAIN}, None),
        ({"format": "json", "content": json.dumps(PLAIN)}, None),
        ({"measurement_uid": UID, "raw_measurement": json.dumps(PLAIN)}, UID),
        ({"measurement_uid": UID, "raw_measurement": PLAIN}, UID),
        ({**ROW, "report_id": "r", "measurement": PLAIN}, None),
        (
            {
                "status": 200,
                "contentType": "application/json",
                "body": json.dumps({"measurement_uid": UID, "raw_measurement": json.dumps(PLAIN)}),
            },
            UID,
        ),
    ],
)
def test_every_known_wrapping_holds_the_same_measurement(wrapped: Any, uid: str | None) -> None:
    (found,) = unwrap(packed(wrapped))
    assert isinstance(found, Raw)
    assert found.uid == uid
    assert b"\n" not in found.body
    inner = {key: value for key, value in json.loads(found.body).items() if key != "measurement_uid"}
    assert inner == PLAIN


def test_the_derived_id_does_not_depend_on_the_wrapping_or_the_order_of_keys() -> None:
    backwards = dict(reversed(PLAIN.items()))
    forms = (PLAIN, backwards, {"format": "json", "content": json.dumps(PLAIN, indent=2)})
    uids = {decode(found.body, found.uid).measurement_uid for form in forms for found in unwrap(packed(form))}
    (only,) = uids
    assert only.startswith("20170920020000.000000_CN_servicefunctions_")
    assert len(only.rpartition("_")[2]) == 16


def test_a_listing_gives_rows_of_their_own_kind() -> None:
    found = unwrap(packed({"metadata": {}, "results": [{**ROW, "measurement_uid": UID}, ROW, {"odd": 1}, 7]}))
    assert [(type(each), each.uid) for each in found] == [(ListingRow, UID), (ListingRow, None)]


def test_an_api_answer_without_its_body_is_a_listing_row() -> None:
    (found,) = unwrap(packed({**ROW, "measurement_uid": UID, "raw_measurement": ""}))
    assert isinstance(found, ListingRow)


def test_lines_are_documents_where_the_whole_is_none() -> None:
    lines = [packed(PLAIN), b"{broken", packed(PLAIN)]
    assert list(documents(b"\n".join(lines) + b"\n\n")) == lines
    pretty = json.dumps(PLAIN, indent=1).encode()
    assert list(documents(pretty)) == [pretty]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.EMPTY),
        (b" \n", Reason.EMPTY),
        (b"\x28\xb5\x2f\xfd\x00", Reason.NOT_JSON),
        (b'{"test_name": "whatsapp"', Reason.NOT_JSON),
        (b'{"test_keys": NaN}', Reason.NOT_JSON),
        (b"[" * 100_000, Reason.TOO_DEEP),
        (b"[]", Reason.NOT_A_MEASUREMENT),
        (b"7", Reason.NOT_A_MEASUREMENT),
        (b'"x"', Reason.NOT_JSON),
        (b'{"hello": "world"}', Reason.NOT_A_MEASUREMENT),
        (b'{"measurement_start_time": "2017-09-20 02:00:00"}', Reason.NO_TEST_NAME),
        (b'{"results": []}', Reason.NOT_A_MEASUREMENT),
    ],
)
def test_what_is_no_measurement_is_refused_with_its_reason(raw: bytes, reason: Reason) -> None:
    with pytest.raises(Unreadable) as refused:
        unwrap(raw)
    assert refused.value.reason is reason


def test_wrappers_within_wrappers_come_to_an_end() -> None:
    deep: Any = PLAIN
    for _ in range(10):
        deep = {"format": "json", "content": deep}
    with pytest.raises(Unreadable):
        unwrap(packed(deep))


def test_lone_surrogates_of_old_probes_survive() -> None:
    (found,) = unwrap(b'{"test_name": "whatsapp", "test_keys": {"body": "\\ud800"}}')
    assert json.loads(found.body)["test_keys"]["body"] == "\ud800"

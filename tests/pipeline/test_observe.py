"""Rows from records: whose they are, what they say, and that odd types cost a row and no more."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.pipeline.making import attempt, in_trial, record, rows
from wallwatch.model.observation import Observation
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.observe import observe, observers

START = datetime(2022, 11, 10, tzinfo=UTC)


def observed(test_name: str, test_keys: dict[str, Any], **changes: Any) -> list[Observation]:
    made = {
        "test_name": test_name,
        "measurement_start_time": "2022-11-10 00:00:00",
        "probe_cc": "IR",
        "probe_asn": "AS43754",
        "software_name": "ooniprobe-android",
        "test_keys": test_keys,
        **changes,
    }
    return observe(decode(json.dumps(made).encode()))


def query(hostname: str, *addresses: str, failure: str | None = None) -> dict[str, Any]:
    answers = [{"answer_type": "A", "ipv4": each} for each in addresses]
    return {"hostname": hostname, "query_type": "A", "failure": failure, "answers": answers, "t": 0.5}


def connect(ip: Any, port: Any, failure: Any = None, success: Any = True) -> dict[str, Any]:
    return {"ip": ip, "port": port, "status": {"failure": failure, "success": success}, "t0": 0.5, "t": 0.75}


def request(url: str, failure: str | None = None, code: int = 200, body: Any = "") -> dict[str, Any]:
    return {
        "failure": failure,
        "request": {"url": url, "method": "GET"},
        "response": {"code": code, "body": body},
    }


def test_every_nettest_of_the_issue_has_a_file() -> None:
    assert {"service_functions", "whatsapp", "telegram", "signal", "web_connectivity"} <= observers().keys()


def test_whatsapp_rows_have_their_targets_and_a_shared_address_has_none() -> None:
    found = observed(
        "whatsapp",
        {
            "queries": [
                query("e1.whatsapp.net", "157.240.1.1"),
                query("e2.whatsapp.net", "157.240.1.1"),
                query("v.whatsapp.net", "157.240.1.2"),
                query("web.whatsapp.com", "157.240.1.2"),
            ],
            "tcp_connect": [connect("157.240.1.1", 5222), connect("157.240.1.2", 443)],
            "requests": [request("https://v.whatsapp.net/v2/register"), request("http://web.whatsapp.com/")],
        },
    )
    tcp = [row for row in found if row.kind == "tcp"]
    assert [(row.target, row.function, row.hostname) for row in tcp] == [
        ("whatsapp/endpoints", "text", None),
        (None, None, None),
    ]
    pages = [row for row in found if row.kind == "http"]
    assert [(row.target, row.verified) for row in pages] == [
        ("whatsapp/registration", True),
        ("whatsapp/web", False),
    ]
    assert [row.observation_id.rpartition("#")[2] for row in found] == [str(n) for n in range(len(found))]


def test_telegrams_data_centres_are_the_literals() -> None:
    found = observed(
        "telegram",
        {
            "queries": [query("web.telegram.org", "149.154.167.99")],
            "tcp_connect": [
                connect("149.154.167.99", 443),
                connect("149.154.175.50", 80, "connection_reset", False),
            ],
            "requests": [
                request("http://149.154.175.50/", code=404),
                {"request": {"headers": {"Host": "149.154.171.5"}}},
            ],
        },
    )
    assert [(row.kind, row.target, row.failure) for row in found] == [
        ("dns", "telegram/web", None),
        ("tcp", "telegram/web", None),
        ("tcp", "telegram/dc_pool", "connection_reset"),
        ("http", "telegram/dc_pool", None),
        ("http", "telegram/dc_pool", None),
    ]


def test_signals_roles_outlive_their_hosts() -> None:
    hosts = (
        "textsecure-service.whispersystems.org",
        "chat.signal.org",
        "sfu.voip.signal.org",
        "uptime.signal.org",
    )
    found = observed("signal", {"queries": [query(host, "13.248.212.111") for host in hosts]})
    assert [row.target for row in found] == ["signal/chat", "signal/chat", "signal/calls", None]


def test_the_helpers_answer_becomes_rows_of_its_own_role() -> None:
    control = {
        "dns": {"addrs": ["alias.example", "93.184.216.34"], "failure": None},
        "tcp_connect": {"93.184.216.34:443": {"status": True, "failure": None}, "junk": {}, "[::1]:443": 7},
        "tls_handshake": {"93.184.216.34:443": {"status": False, "failure": "eof_error"}},
        "http_request": {"failure": None, "status_code": 200, "body_length": 10, "title": " A \n B "},
    }
    keys = {"control": control, "requests": [request("https://www.example.com/", body="<TITLE>A  B</TITLE>")]}
    found = observed("web_connectivity", keys, input="https://www.example.com/")
    assert [(row.kind, row.vantage.role, row.failure) for row in found] == [
        ("http", "probe", None),
        ("dns", "helper", None),
        ("tcp", "helper", None),
        ("tls", "helper", "eof_error"),
        ("http", "helper", None),
    ]
    assert {row.target for row in found} == {"web/www.example.com"}
    assert found[0].title == found[4].title == "A B"
    assert found[1].answers == ("93.184.216.34",)


def test_a_helper_that_could_not_be_asked_says_nothing() -> None:
    keys = {
        "control": {"http_request": {"failure": None, "status_code": 200}},
        "control_failure": "connection_refused",
    }
    assert [row.kind for row in observed("web_connectivity", keys, input="https://example.com/")] == [
        "record"
    ]


def test_the_old_python_probe_checked_no_certificate() -> None:
    (found,) = observed(
        "telegram", {"requests": [request("https://web.telegram.org/")]}, software_name="ooniprobe"
    )
    assert found.verified is None


@pytest.mark.parametrize(
    ("entry", "failure"),
    [
        (connect("1.2.3.4", 443, None), None),
        (connect("1.2.3.4", "443", False), None),
        (connect("1.2.3.4", 443, True, False), "unknown_failure: not recorded"),
        (connect("1.2.3.4", 443, None, False), "unknown_failure: not recorded"),
        (connect("1.2.3.4", 443, "", None), "unknown_failure: not recorded"),
    ],
)
def test_old_ways_of_writing_a_failure(entry: dict[str, Any], failure: str | None) -> None:
    (found,) = observed("whatsapp", {"tcp_connect": [entry]})
    assert found.failure == failure
    assert (found.time, found.seconds) == (START + timedelta(seconds=0.75), 0.25)


@pytest.mark.parametrize(
    "odd",
    [
        {"tcp_connect": [connect(7, 443), connect("1.2.3.4", 0), connect("1.2.3.4", True), connect("x", 1)]},
        {"tcp_connect": [{"ip": "1.2.3.4", "port": 443, "status": "fine"}, None, 7]},
        {"tcp_connect": {"1.2.3.4": 443}, "queries": "none", "requests": 7, "tls_handshakes": None},
        {
            "requests": [
                {"request": None},
                {"request": {"url": "http://[broken"}},
                {"request": {"url": "what"}},
            ]
        },
        {"queries": [{"hostname": None}, {"hostname": 7}]},
    ],
)
def test_odd_rows_are_skipped(odd: dict[str, Any]) -> None:
    assert [row.kind for row in observed("whatsapp", odd)] == ["record"]


def test_our_attempts_are_rows_and_malformed_ones_are_not() -> None:
    shapeless = [{"service": "whatsapp"}, attempt(rung=9), attempt(rung="4"), attempt(target_id=""), 7]
    found = rows(record([attempt(), in_trial(("trigger", "neutral"), 0), *shapeless]))  # type: ignore[list-item]
    attempts = [row for row in found if row.kind == "handshake"]
    assert [(row.target, row.port) for row in attempts] == [("whatsapp/text", 443)] * 2
    assert attempts[1].handshake is not None
    assert attempts[1].handshake.trial is not None
    canaries = [(row.target, row.failure) for row in found if row.kind == "canary"]
    assert canaries == [("canary/home", None), ("canary/abroad", None)]


def test_canaries_that_were_not_tried_give_no_row() -> None:
    found = rows(record([], canaries={"home": None, "abroad": False}))
    assert [(row.target, row.failure is None) for row in found] == [("canary/abroad", False)]

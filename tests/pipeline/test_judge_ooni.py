"""What the judge says of OONI's own nettests: no block without the helper's word, no "ok" without proof."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wallwatch.model.outcome import Grade, Outcome
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.evidence import gather
from wallwatch.pipeline.judge import judge
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.observe import observe

Json = dict[str, Any]
ADDRESS = "93.184.216.34"
URL = "https://www.example.org/"
RESET, TIMEOUT = "connection_reset", "generic_timeout_error"
PAGE = "<html><title>Example</title>" + "x" * 1000
GOOD_HELPER: Json = {
    "dns": {"failure": None, "addrs": [ADDRESS]},
    "tcp_connect": {f"{ADDRESS}:443": {"status": True, "failure": None}},
    "http_request": {"failure": None, "status_code": 200, "body_length": 1030, "title": "Example"},
}


def web(url: str = URL, helper: Json | None = GOOD_HELPER, **keys: Any) -> Verdict:
    """The verdict on one website."""
    made = {
        "queries": [looked_up(ADDRESS)],
        "tcp_connect": [connected(ADDRESS)],
        "tls_handshakes": [shaken()],
        "requests": [],
        "control": helper or {},
        "control_failure": None if helper else "connection_refused",
        **keys,
    }
    (found,) = ooni("web_connectivity", made, input=url)
    return found


def ooni(test_name: str, keys: Json, **envelope: Any) -> list[Verdict]:
    """The verdicts on one record."""
    made = {
        "test_name": test_name,
        "measurement_start_time": "2022-08-15 19:01:30",
        "probe_cc": "IR",
        "probe_asn": "AS197207",
        "software_name": "ooniprobe-android",
        "test_keys": keys,
        **envelope,
    }
    return [judge(each, "r") for each in gather(observe(decode(json.dumps(made).encode())), [])]


def looked_up(*addresses: str, failure: str | None = None, kind: str = "A") -> Json:
    answers = [{"answer_type": kind, "ipv4" if kind == "A" else "ipv6": each} for each in addresses]
    return {"hostname": "www.example.org", "query_type": kind, "failure": failure, "answers": answers}


def connected(address: str, failure: str | None = None) -> Json:
    return {"ip": address, "port": 443, "status": {"failure": failure, "success": failure is None}}


def shaken(failure: str | None = None) -> Json:
    name, address = "www.example.org", f"{ADDRESS}:443"
    return {"server_name": name, "address": address, "failure": failure, "no_tls_verify": False}


def page(url: str = URL, failure: str | None = None, body: str = PAGE, code: int = 200) -> Json:
    answer = {"code": 0 if failure else code, "body": "" if failure else body}
    return {"failure": failure, "request": {"url": url, "method": "GET"}, "response": answer}


BLOCKED: list[tuple[Json, str | None, str]] = [
    (
        {
            "queries": [looked_up(failure="dns_nxdomain_error")],
            "tcp_connect": [],
            "tls_handshakes": [],
            "requests": [page(failure="dns_nxdomain_error")],
        },
        "dns.nxdomain",
        "dns",
    ),
    (
        {
            "tcp_connect": [connected(ADDRESS, TIMEOUT)],
            "tls_handshakes": [],
            "requests": [page(failure=TIMEOUT)],
        },
        "tcp.timeout",
        "tcp",
    ),
    ({"tls_handshakes": [shaken(RESET)], "requests": [page(failure=RESET)]}, "tls.reset", "tls"),
    ({"requests": [page(failure=TIMEOUT)]}, "http.timeout", "http"),
    ({"tls_handshakes": [], "requests": [page(failure=RESET)]}, None, "http"),  # TLS or HTTP: not recorded
]


@pytest.mark.parametrize(("keys", "mechanism", "layer"), BLOCKED)
def test_what_fails_beside_the_helper_is_consistent_with_blocking(
    keys: Json, mechanism: str | None, layer: str
) -> None:
    found = web(**keys)
    assert (found.outcome, found.grade) == (Outcome.BLOCKED, Grade.CONSISTENT)
    assert (found.mechanism, found.layer) == (mechanism, layer)
    assert found.control_uid == found.measurement_uid


@pytest.mark.parametrize(("keys", "mechanism", "layer"), BLOCKED)
def test_the_same_without_the_helper_is_unknown(keys: Json, mechanism: str | None, layer: str) -> None:
    found = web(helper=None, **keys)
    assert (found.outcome, found.mechanism, found.layer) == (Outcome.UNKNOWN, None, layer)


@pytest.mark.parametrize(("keys", "mechanism", "layer"), BLOCKED)
def test_and_when_the_helper_fails_too_it_is_down(keys: Json, mechanism: str | None, layer: str) -> None:
    helper = {**GOOD_HELPER, "http_request": {"failure": TIMEOUT, "status_code": -1}}
    found = web(helper=helper, **keys)
    assert (found.outcome, found.mechanism, found.layer) == (Outcome.DOWN, None, layer)


SIX = "2606:2800:220:1::1"


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        # addresses that the helper did not try
        (
            {"tcp_connect": [connected("93.184.216.35", TIMEOUT)], "requests": [page(failure=TIMEOUT)]},
            "service.not_comparable",
        ),
        # IPv6 only, which this line may simply not have
        (
            {
                "queries": [looked_up(SIX, kind="AAAA")],
                "tcp_connect": [connected(SIX, "network_unreachable")],
                "requests": [page(failure="network_unreachable")],
            },
            "service.not_comparable",
        ),
        # a certificate that the probe refused; what the helper was shown is not on record
        (
            {
                "tls_handshakes": [shaken("ssl_unknown_authority")],
                "requests": [page(failure="ssl_unknown_authority")],
            },
            "tls.certificate_not_compared",
        ),
        # a failure that nobody can name
        ({"requests": [page(failure="http_invalid_redirect_url")]}, "service.not_comparable"),
        # an answer of a filter at home
        (
            {
                "queries": [looked_up("0.0.0.0")],
                "tcp_connect": [],
                "tls_handshakes": [],
                "requests": [page(failure="x")],
            },
            "dns.answered_by_filter",
        ),
        # a notice page of another site, with a good certificate of its own
        (
            {
                "url": "http://www.example.org/",
                "requests": [
                    page("https://notice.example.net/", body="blocked"),
                    page("http://www.example.org/", code=302),
                ],
            },
            "http.page_differs",
        ),
        # another page over plain HTTP
        (
            {
                "url": "http://www.example.org/",
                "requests": [page("http://www.example.org/", body="<title>No</title>")],
            },
            "http.page_differs",
        ),
        ({"requests": []}, "service.greeted_only"),
        ({"requests": [], "tls_handshakes": []}, "service.connected_only"),
    ],
)
def test_what_has_an_innocent_reading_is_unknown(keys: Json, rule: str) -> None:
    found = web(**keys)
    assert found.outcome is Outcome.UNKNOWN
    assert rule in found.rules


def test_a_page_over_verified_tls_is_ok_with_or_without_helper() -> None:
    for helper in (GOOD_HELPER, None):
        found = web(helper=helper, requests=[page(body="<title>Other</title>", code=403)])
        assert (found.outcome, found.layer) == (Outcome.OK, None)


def test_a_plain_page_is_ok_only_where_it_is_the_helpers() -> None:
    url = "http://www.example.org/"
    assert web(url, requests=[page(url)]).rules[0] == "http.same_page_as_control"
    assert web(url, helper=None, requests=[page(url)]).outcome is Outcome.UNKNOWN
    untitled = {**GOOD_HELPER, "http_request": {"failure": None, "status_code": 200, "body_length": 1000}}
    assert web(url, helper=untitled, requests=[page(url, body="y" * 900)]).outcome is Outcome.OK
    assert web(url, helper=untitled, requests=[page(url, body="y" * 500)]).outcome is Outcome.UNKNOWN
    assert web(url, requests=[page(url, code=404)]).outcome is Outcome.UNKNOWN


def test_ipv6_that_only_the_helper_has_is_no_block() -> None:
    helper = {**GOOD_HELPER, "tcp_connect": {f"[{SIX}]:443": {"status": True, "failure": None}}}
    keys = {
        "queries": [looked_up(SIX, kind="AAAA")],
        "tls_handshakes": [],
        "requests": [page(failure=TIMEOUT)],
    }
    found = web(helper=helper, tcp_connect=[connected(SIX, TIMEOUT)], **keys)
    assert (found.outcome, found.rules) == (Outcome.UNKNOWN, ("service.not_comparable",))


def test_one_broken_ipv6_address_does_not_matter() -> None:
    found = web(tcp_connect=[connected(SIX, "network_unreachable"), connected(ADDRESS)], requests=[page()])
    assert (found.outcome, found.fraction) == (Outcome.OK, 0.5)


@pytest.mark.parametrize(
    ("software", "handshake", "outcome"),
    [
        ("ooniprobe-android", {"no_tls_verify": False}, Outcome.OK),
        ("ooniprobe-android", {"no_tls_verify": True}, Outcome.UNKNOWN),
        ("ooniprobe", {"no_tls_verify": False}, Outcome.UNKNOWN),  # the Python probe checked no certificate
    ],
)
def test_tls_that_nobody_checked_proves_nothing(software: str, handshake: Json, outcome: Outcome) -> None:
    keys = {
        "requests": [page("https://web.telegram.org/")],
        "tls_handshakes": [{"server_name": "web.telegram.org", "failure": None, **handshake}],
    }
    (found,) = ooni("telegram", keys, software_name=software)
    assert (found.target, found.outcome) == ("telegram/web", outcome)


def test_a_page_that_came_once_and_timed_out_once_is_not_ok() -> None:
    url = "https://web.telegram.org/"
    (found,) = ooni("telegram", {"requests": [page(url), page(url, failure=TIMEOUT)]})
    assert (found.outcome, found.rules[0]) == (Outcome.UNKNOWN, "service.flaky")


def test_connections_alone_are_not_ok() -> None:
    query = {**looked_up("157.240.1.54"), "hostname": "e1.whatsapp.net"}
    (found,) = ooni("whatsapp", {"queries": [query], "tcp_connect": [connected("157.240.1.54")]})
    assert (found.target, found.outcome) == ("whatsapp/endpoints", Outcome.UNKNOWN)
    assert "no byte of the protocol was spoken" in found.because

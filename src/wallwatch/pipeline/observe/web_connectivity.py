"""OONI's `web_connectivity` (ts-017), 0.4 and 0.5: a page as the probe and as the test helper saw it.

The helper's answer lies in the probe's own record (`control`): its rows carry the role `helper`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import structs

from wallwatch.model.measurement import Json, Measurement
from wallwatch.model.observation import Observation, Vantage
from wallwatch.pipeline.extract import (
    Label,
    Place,
    blank,
    entries,
    place_of_request,
    standard_rows,
    url_of,
)
from wallwatch.pipeline.places import address_or_none, endpoint_of
from wallwatch.pipeline.values import failure_of, split_url, status_of, text

HELPER = Vantage(
    probe_cc="ZZ",
    probe_asn=0,
    resolver_asn=None,
    role="helper",
    probe_id=None,
    run_id=None,
    access_type=None,
    software="test helper",
)


def observe_web_connectivity(measurement: Measurement) -> list[Observation]:
    """The standard lists of the probe, then the helper's answer. A record without a URL has no target."""
    parts = split_url(measurement.input or "")
    host = parts.hostname if parts is not None else None
    if not host:
        return standard_rows(measurement, lambda _place: None)
    label = Label(service=None, function=None, target=f"web/{host}")
    hosts = hosts_of(measurement) | {host}
    return [
        *standard_rows(measurement, lambda place: label if concerns(place, hosts) else None),
        *helper_rows(measurement, host, label),
    ]


def hosts_of(measurement: Measurement) -> set[str]:
    """The hosts of all pages asked for, redirects too. Version 0.5 also looks up names of its own."""
    places = (
        place_of_request(e.get("request"), url_of(e.get("request"))) for e in entries(measurement, "requests")
    )
    return {place.hostname for place in places if place is not None and place.hostname}


def concerns(place: Place, hosts: set[str]) -> bool:
    """Whether a row is about one of the pages; an address without a name is."""
    return place.hostname is None or place.hostname in hosts


def helper_rows(measurement: Measurement, host: str, label: Label) -> Iterator[Observation]:
    """Nothing where the helper could not be asked."""
    keys = measurement.test_keys or {}
    control = keys.get("control")
    if not isinstance(control, dict) or failure_of(keys.get("control_failure")) is not None:
        return
    template = structs.replace(
        blank(measurement, "record", {}),
        vantage=HELPER,
        service=label.service,
        function=label.function,
        target=label.target,
        hostname=host,
    )
    yield from helper_dns(control.get("dns"), template)
    yield from helper_endpoints(control.get("tcp_connect"), template, "tcp")
    yield from helper_endpoints(control.get("tls_handshake"), template, "tls")
    yield from helper_page(control.get("http_request"), template)


def helper_dns(dns: Any, template: Observation) -> Iterator[Observation]:
    """`{failure, addrs[]}`; aliases stand among the addresses in old ones. Without either it says nothing."""
    if not isinstance(dns, dict):
        return
    given = dns.get("addrs")
    answers = tuple(
        a for a in map(address_or_none, given if isinstance(given, list) else []) if a is not None
    )
    failure = failure_of(dns.get("failure"))
    if answers or failure is not None:
        yield structs.replace(
            template,
            kind="dns",
            failure=failure,
            failed_operation=None if failure is None else "resolve",
            answers=answers if failure is None else None,
        )


def helper_endpoints(results: Any, template: Observation, kind: str) -> Iterator[Observation]:
    """`{"address:port": {status, failure}}`."""
    for key, value in results.items() if isinstance(results, dict) else ():
        address, port = endpoint_of(key)
        if address is None or not isinstance(value, dict):
            continue
        failure = failure_of(value.get("failure"))
        if failure is None and value.get("status") is not True:
            continue
        operation = "connect" if kind == "tcp" else "tls_handshake"
        yield structs.replace(
            template,
            kind=kind,
            address=address,
            port=port,
            failure=failure,
            failed_operation=None if failure is None else operation,
        )


def helper_page(page: Any, template: Observation) -> Iterator[Observation]:
    """`{failure, status_code, body_length, title}`; neither failure nor status says nothing."""
    if not isinstance(page, dict):
        return
    failure, status = failure_of(page.get("failure")), status_of(page.get("status_code"))
    if failure is None and status is None:
        return
    length = page.get("body_length")
    yield structs.replace(
        template,
        kind="http",
        failure=failure,
        failed_operation=None if failure is None else "http",
        http_status=status,
        body_length=length if type(length) is int and length >= 0 else None,
        title=joined_title(page),
    )


def joined_title(page: Json) -> str | None:
    """White space joined as in the probe's own."""
    title = text(page.get("title"))
    return " ".join(title.split()) or None if title is not None else None


OBSERVER = observe_web_connectivity

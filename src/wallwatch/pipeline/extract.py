"""Rows from the standard lists of OONI's data format: queries, tcp_connect, tls_handshakes, requests.

Sources: df-001, df-002, df-005, df-006. Shared by all nettests; who the row belongs to is the caller's label.
A field of an odd type is left out, a row without its essential fields is skipped.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct, structs

from wallwatch.model.measurement import Json, Measurement
from wallwatch.model.observation import Observation, Vantage
from wallwatch.pipeline.body import body_digest, body_length, leaf_digest, title_of
from wallwatch.pipeline.places import address_or_none, endpoint_of, port_or_none
from wallwatch.pipeline.values import (
    NOT_RECORDED,
    failure_of,
    moment_after,
    number,
    split_url,
    status_of,
    text,
)

ACCESS_TYPES = ("fixed", "mobile", "roaming")
UNVERIFYING_SOFTWARE = frozenset({"ooniprobe"})  # the Python probe up to 2.3 checked no certificate
URL_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


class Label(Struct, frozen=True, kw_only=True):
    """To which service, function and target a row belongs."""

    service: str | None
    function: str | None
    target: str


class Place(Struct, frozen=True, kw_only=True):
    """Where a row went, as far as it says."""

    hostname: str | None
    address: str | None
    port: int | None


Labeller = Callable[[Place], Label | None]


def no_label(_place: Place) -> Label | None:
    """The row belongs to no target of ours."""
    return None


def standard_rows(measurement: Measurement, label: Labeller) -> list[Observation]:
    """All rows of the four lists, names before connections before pages."""
    names = names_of(measurement)
    return [
        *dns_rows(measurement, label),
        *tcp_rows(measurement, label, names),
        *tls_rows(measurement, label),
        *http_rows(measurement, label),
    ]


def dns_rows(measurement: Measurement, label: Labeller) -> Iterator[Observation]:
    """df-002, one row a query."""
    for entry in entries(measurement, "queries"):
        hostname = text(entry.get("hostname"))
        if hostname is None:
            continue
        failure = failure_of(entry.get("failure"))
        yield structs.replace(
            blank(measurement, "dns", entry),
            **owner(label(Place(hostname=hostname, address=None, port=None))),
            hostname=hostname,
            failure=failure,
            failed_operation=None if failure is None else "resolve",
            query_type=text(entry.get("query_type")),
            resolver=text(entry.get("resolver_address")) or text(entry.get("resolver_hostname")),
            answers=addresses_of(entry) if failure is None else None,
        )


def tcp_rows(
    measurement: Measurement, label: Labeller, names: Mapping[str, set[str]]
) -> Iterator[Observation]:
    """df-005. It has no host name: the one that resolved to the address is filled in, if only one did."""
    for entry in [*entries(measurement, "tcp_connect"), *entries(measurement, "tcp_connects")]:
        address, port, status = (
            address_or_none(entry.get("ip")),
            port_or_none(entry.get("port")),
            entry.get("status"),
        )
        if address is None or port is None or not isinstance(status, dict):
            continue
        failure = failure_of(status.get("failure"))
        if failure is None and status.get("success") is not True:
            failure = NOT_RECORDED
        hosts = sorted(names.get(address, set()))
        yield structs.replace(
            blank(measurement, "tcp", entry),
            **owner(shared_label(label, hosts, address, port)),
            hostname=hosts[0] if len(hosts) == 1 else None,
            address=address,
            port=port,
            failure=failure,
            failed_operation=None if failure is None else "connect",
        )


def tls_rows(measurement: Measurement, label: Labeller) -> Iterator[Observation]:
    """df-006. Verified means: the probe checked the chain and the name, and both were right."""
    for entry in entries(measurement, "tls_handshakes"):
        server_name = text(entry.get("server_name"))
        address, port = endpoint_of(entry.get("address"))
        failure = failure_of(entry.get("failure"))
        unchecked = entry.get("no_tls_verify")
        place = Place(hostname=server_name, address=address, port=port)
        yield structs.replace(
            blank(measurement, "tls", entry),
            **owner(label(place)),
            hostname=server_name,
            address=address,
            port=port,
            failure=failure,
            failed_operation=None if failure is None else "tls_handshake",
            verified=failure is None and not unchecked if isinstance(unchecked, bool) else None,
            server_name=server_name,
            tls_version=text(entry.get("tls_version")),
            certificate_sha256=leaf_digest(entry.get("peer_certificates")),
        )


def http_rows(measurement: Measurement, label: Labeller) -> Iterator[Observation]:
    """df-001. Its order is kept: the last page comes first."""
    for entry in entries(measurement, "requests"):
        request, response = entry.get("request"), entry.get("response")
        url = url_of(request)
        place = place_of_request(request, url)
        if place is None:
            continue
        answer = response if isinstance(response, dict) else {}
        failure = failure_of(entry.get("failure"))
        yield structs.replace(
            blank(measurement, "http", entry),
            **owner(label(place)),
            hostname=place.hostname,
            port=place.port,
            failure=failure,
            failed_operation=None if failure is None else "http",
            verified=verified_page(measurement, url, failure),
            http_url=url,
            http_status=status_of(answer.get("code")),
            body_length=body_length(answer),
            body_sha256=body_digest(answer),
            title=title_of(answer),
        )


def blank(measurement: Measurement, kind: str, entry: Json) -> Observation:
    """A row with what all rows have; its id is given when all are known."""
    begun, ended = number(entry.get("t0")), number(entry.get("t"))
    took = ended - begun if begun is not None and ended is not None and ended >= begun else None
    return Observation(
        observation_id="",
        measurement_uid=measurement.measurement_uid,
        test_name=measurement.test_name,
        measurement_start_time=measurement.measurement_start_time,
        vantage=vantage_of(measurement),
        time=moment_after(measurement.measurement_start_time, ended),
        kind=kind,
        service=None,
        function=None,
        target=None,
        input=measurement.input,
        hostname=None,
        address=None,
        port=None,
        failure=None,
        seconds=took,
    )


def record_row(measurement: Measurement) -> Observation:
    """The one row of a measurement in which nothing else could be read: that it was made."""
    return blank(measurement, "record", {})


def vantage_of(measurement: Measurement) -> Vantage:
    """From where, and by whom."""
    access_type = measurement.annotations.get("access_type")
    return Vantage(
        probe_cc=measurement.probe_cc,
        probe_asn=measurement.probe_asn,
        resolver_asn=measurement.resolver_asn,
        role=measurement.role,
        probe_id=measurement.probe_id,
        run_id=measurement.run_id,
        access_type=access_type if access_type in ACCESS_TYPES else None,
        software=f"{measurement.software_name} {measurement.software_version}".strip(),
    )


def names_of(measurement: Measurement) -> dict[str, set[str]]:
    """Address -> the names that resolved to it in this measurement."""
    names: dict[str, set[str]] = defaultdict(set)
    for entry in entries(measurement, "queries"):
        hostname = text(entry.get("hostname"))
        if hostname is not None and failure_of(entry.get("failure")) is None:
            for address in addresses_of(entry):
                names[address].add(hostname)
    return dict(names)


def addresses_of(query: Json) -> tuple[str, ...]:
    """The A and AAAA answers, in the order received."""
    answers = query.get("answers")
    if not isinstance(answers, list):
        return ()
    given = [a.get("ipv4") or a.get("ipv6") for a in answers if isinstance(a, dict)]
    return tuple(address for address in map(address_or_none, given) if address is not None)


def shared_label(label: Labeller, hosts: list[str], address: str, port: int) -> Label | None:
    """The label of an address: what its names agree on. Names that disagree leave it without one."""
    if not hosts:
        return label(Place(hostname=None, address=address, port=port))
    labels = {label(Place(hostname=host, address=address, port=port)) for host in hosts}
    return labels.pop() if len(labels) == 1 else None


def owner(label: Label | None) -> dict[str, str | None]:
    """A label as columns."""
    if label is None:
        return {"service": None, "function": None, "target": None}
    return {"service": label.service, "function": label.function, "target": label.target}


def entries(measurement: Measurement, key: str) -> Iterator[Json]:
    """The objects of a list in test_keys; a list of lists of objects (one per redirect) is flattened."""
    value = (measurement.test_keys or {}).get(key)
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict):
            yield item


def url_of(request: Any) -> str | None:
    """The URL of a request, where it is one."""
    url = text(request.get("url")) if isinstance(request, dict) else None
    return url if url is not None and URL_SCHEME.match(url) else None


def place_of_request(request: Any, url: str | None) -> Place | None:
    """From the URL, else from the Host header, which some versions alone recorded."""
    if not isinstance(request, dict):
        return None
    if url is not None:
        parts = split_url(url)
        return None if parts is None or not parts.hostname else place_of_url(parts)
    headers = request.get("headers")
    host = text(headers.get("Host")) if isinstance(headers, dict) else None
    parts = split_url(f"//{host}") if host is not None else None
    if parts is None or not parts.hostname:
        return None
    return Place(hostname=parts.hostname, address=address_or_none(parts.hostname), port=None)


def place_of_url(parts: SplitResult) -> Place:
    """Name and port; an address in the URL is its own name."""
    try:
        port = parts.port
    except ValueError:
        port = None
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return Place(hostname=parts.hostname, address=address_or_none(parts.hostname), port=port or default)


def verified_page(measurement: Measurement, url: str | None, failure: str | None) -> bool | None:
    """Whether the page came from a server whose certificate was checked. None: the record does not say."""
    if failure is not None or url is None or not url.lower().startswith("https://"):
        return False if url is not None or failure is not None else None
    if measurement.software_name in UNVERIFYING_SOFTWARE:
        return None
    host = (split_url(url) or urlsplit("")).hostname
    handshakes = [e for e in entries(measurement, "tls_handshakes") if text(e.get("server_name")) == host]
    return not any(entry.get("no_tls_verify") is True for entry in handshakes)

"""The envelope of a measurement as our probe writes it: OONI's df-000, version 0.2.0.

Never an address of the probe: `probe_ip` is 127.0.0.1 by construction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from wallwatch.model.times import to_ooni

DATA_FORMAT_VERSION = "0.2.0"
SCRUBBED_ADDRESS = "127.0.0.1"
EXTENSIONS = {"dnst": 0, "httpt": 0, "netevents": 0, "tcpconnect": 0, "tlshandshake": 0}


class Software(Struct, frozen=True, kw_only=True):
    """Which nettest of which program."""

    name: str
    version: str
    test_name: str
    test_version: str


class Where(Struct, frozen=True, kw_only=True):
    """The probe's network: country, AS and their names; no address."""

    cc: str
    asn: int
    network_name: str
    resolver_asn: int


class Envelope(Struct, frozen=True, kw_only=True):
    """df-000. `test_keys` holds the standard lists and `x_handshakes`."""

    software_name: str
    software_version: str
    test_name: str
    test_version: str
    test_start_time: str
    measurement_start_time: str
    test_runtime: float
    probe_cc: str
    probe_asn: str
    probe_network_name: str
    resolver_asn: str
    test_keys: dict[str, Any]
    annotations: dict[str, str]
    input: str | None
    report_id: str = ""
    probe_ip: str = SCRUBBED_ADDRESS
    resolver_ip: str = SCRUBBED_ADDRESS
    data_format_version: str = DATA_FORMAT_VERSION
    extensions: dict[str, int] = field(default_factory=lambda: dict(EXTENSIONS))


class Ran(Struct, frozen=True, kw_only=True):
    """When a nettest began and how long it took, in seconds."""

    start: datetime
    seconds: float


def envelope(
    software: Software,
    where: Where,
    ran: Ran,
    test_input: str | None,
    annotations: dict[str, str],
    test_keys: dict[str, Any],
) -> Envelope:
    """Wrap what a nettest recorded."""
    return Envelope(
        software_name=software.name,
        software_version=software.version,
        test_name=software.test_name,
        test_version=software.test_version,
        test_start_time=to_ooni(ran.start),
        measurement_start_time=to_ooni(ran.start),
        test_runtime=ran.seconds,
        probe_cc=where.cc,
        probe_asn=f"AS{where.asn}",
        probe_network_name=where.network_name,
        resolver_asn=f"AS{where.resolver_asn}",
        input=test_input,
        annotations=annotations,
        test_keys=test_keys,
    )

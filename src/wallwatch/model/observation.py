"""An observation: one fact, one row, with its time and its vantage. Columns that do not apply are None.

`kind` says which columns apply: dns, tcp, tls, http, handshake, canary (target "canary/home" or
"canary/abroad"), and record, the one row of a measurement in which nothing else could be read.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from wallwatch.model.handshake import Handshake


class Vantage(Struct, frozen=True, kw_only=True):
    """From where, and by whom."""

    probe_cc: str
    probe_asn: int
    resolver_asn: int | None
    role: str  # probe | control | helper (what a test helper said inside a probe's own record)
    probe_id: str | None
    run_id: str | None
    access_type: str | None  # fixed | mobile | roaming; None: the record does not say
    software: str  # "wallwatch 0.1.0"


class Observation(Struct, frozen=True, kw_only=True):
    """One network operation and what came of it."""

    observation_id: str  # "<measurement_uid>#<index>"
    measurement_uid: str
    test_name: str
    measurement_start_time: datetime
    vantage: Vantage
    time: datetime  # when the operation ended; the measurement's start where it does not say
    kind: str  # dns | tcp | tls | http | handshake | canary | record
    service: str | None
    function: str | None
    target: str | None  # "whatsapp/text"; None where the nettest has no target of ours
    input: str | None
    hostname: str | None
    address: str | None
    port: int | None
    failure: str | None
    failed_operation: str | None = None
    seconds: float | None = None
    # dns
    query_type: str | None = None
    resolver: str | None = None
    answers: tuple[str, ...] | None = None
    # tls, http
    verified: bool | None = None  # whether the certificate was checked; None: the record does not say
    # tls
    server_name: str | None = None
    tls_version: str | None = None
    certificate_sha256: str | None = None
    # http
    http_url: str | None = None
    http_status: int | None = None
    body_length: int | None = None
    body_sha256: str | None = None
    title: str | None = None
    # handshake
    handshake: Handshake | None = None

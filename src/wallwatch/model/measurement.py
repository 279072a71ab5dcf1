"""A measurement: what one run of one nettest recorded, in OONI's form (df-000), once decoded.

`test_keys` stays what the nettest wrote; `pipeline/observe` is the only reader. The bytes as received stay in
the archive; this is the form that the pipeline works on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from msgspec import Struct

Json: TypeAlias = dict[str, Any]  # decoded JSON, before pipeline/observe gives it a type

ROLE_PROBE = "probe"
ROLE_CONTROL = "control"


class Measurement(Struct, frozen=True, kw_only=True):
    """One nettest's record. Country codes are upper case; `ZZ` and AS0 mean unknown."""

    measurement_uid: str
    report_id: str | None
    test_name: str
    test_version: str | None
    software_name: str
    software_version: str
    probe_cc: str
    probe_asn: int
    probe_network_name: str | None
    resolver_asn: int | None  # None: the record does not say
    input: str | None  # None: the nettest takes none
    measurement_start_time: datetime
    test_runtime: float | None  # seconds
    annotations: dict[str, str]
    test_keys: Json | None  # None: the record has none (it is archived and counted all the same)

    @property
    def role(self) -> str:
        """`control` for an answer of a control vantage, else `probe`."""
        return self.annotations.get("role", ROLE_PROBE)

    @property
    def run_id(self) -> str | None:
        """What joins a probe's measurement to its control's; None for OONI's own."""
        return self.annotations.get("run_id")

    @property
    def probe_id(self) -> str | None:
        """Which probe, as a pseudonym; None where probes are not told apart (then it is no witness)."""
        return self.annotations.get("probe_id")

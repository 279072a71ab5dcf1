"""The envelope of an archived measurement, a row of `measurements`: what joins and lists need to know."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from wallwatch.model.measurement import Measurement


class Described(Struct, frozen=True, kw_only=True):
    """A row of `measurements`: the envelope of one archived measurement, without what it recorded."""

    measurement_uid: str
    report_id: str | None
    test_name: str
    test_version: str | None
    software_name: str
    software_version: str
    probe_cc: str
    probe_asn: int
    probe_network_name: str | None
    resolver_asn: int | None
    input: str | None
    measurement_start_time: datetime
    test_runtime: float | None
    role: str
    probe_id: str | None
    run_id: str | None
    round: str | None  # the caller's number of the round, where the probe ran in rounds
    access_type: str | None
    bare: bool  # a listing's row: what was recorded is not here


def described(measurement: Measurement, *, bare: bool) -> Described:
    """The envelope of a measurement."""
    own = {
        name: getattr(measurement, name)
        for name in Described.__struct_fields__
        if name in Measurement.__struct_fields__
    }
    notes = measurement.annotations
    return Described(
        **own,
        role=measurement.role,
        probe_id=measurement.probe_id,
        run_id=measurement.run_id,
        round=notes.get("round"),
        access_type=notes.get("access_type"),
        bare=bare,
    )

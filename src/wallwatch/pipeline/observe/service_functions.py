"""Our own nettest: `x_handshakes`, one row an attempt, beside the standard lists and the canaries."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import structs

from wallwatch.model.failure import UNKNOWN_PREFIX
from wallwatch.model.handshake import Handshake, Rung
from wallwatch.model.measurement import Json, Measurement
from wallwatch.model.observation import Observation
from wallwatch.pipeline.extract import blank, entries, no_label, standard_rows
from wallwatch.pipeline.places import endpoint_of

CANARIES = ("home", "abroad")
CANARY_FAILED = UNKNOWN_PREFIX + "the canary could not be had"
RUNGS = frozenset(int(rung) for rung in Rung)


def observe_service_functions(measurement: Measurement) -> list[Observation]:
    """Attempts first, then the operations they were made of, then the canaries."""
    return [
        *handshake_rows(measurement),
        *standard_rows(measurement, no_label),
        *canary_rows(measurement),
    ]


def handshake_rows(measurement: Measurement) -> Iterator[Observation]:
    """An entry that is not of the agreed shape is skipped."""
    for entry in entries(measurement, "x_handshakes"):
        try:
            handshake = msgspec.convert(entry, Handshake)
        except msgspec.ValidationError:
            continue
        if handshake.rung not in RUNGS or not handshake.target_id:
            continue
        address, port = endpoint_of(handshake.endpoint)
        yield structs.replace(
            blank(measurement, "handshake", entry),
            service=handshake.service,
            function=handshake.function,
            target=handshake.target_id,
            hostname=handshake.hostname,
            address=address,
            port=port,
            failure=handshake.failure,
            failed_operation=handshake.failed_operation,
            handshake=handshake,
        )


def canary_rows(measurement: Measurement) -> Iterator[Observation]:
    """`x_canaries {home, abroad}`: true, false, or null where none was tried."""
    given = (measurement.test_keys or {}).get("x_canaries")
    canaries: Json = given if isinstance(given, dict) else {}
    for name in CANARIES:
        had = canaries.get(name)
        if isinstance(had, bool):
            yield structs.replace(
                blank(measurement, "canary", {}),
                target=f"canary/{name}",
                failure=None if had else CANARY_FAILED,
            )


OBSERVER = observe_service_functions

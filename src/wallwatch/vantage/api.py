"""What a probe and a control say to each other, as types (JSON over HTTP).

GET  {control}/v1/twins    -> Twins
POST {control}/v1/measure  <- MeasureRequest, -> the control's measurement (OONI JSON), or {"error": ...}
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from wallwatch.model.handshake import Arm

TWINS_PATH = "/v1/twins"
MEASURE_PATH = "/v1/measure"

MOST_PAIRS = 8  # a control runs no more of them for one request

Name = Annotated[str, Meta(min_length=1, max_length=64)]
TrialId = Annotated[str, Meta(min_length=1, max_length=160)]


class Twins(Struct, frozen=True, kw_only=True):
    """Where trials may send: every address with every port."""

    twins: tuple[str, ...]
    ports: tuple[int, ...]


class TrialRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The probe's trial, for the control to run its arms as well."""

    id: TrialId
    arms: Annotated[tuple[Arm, ...], Meta(min_length=1, max_length=4)]
    pairs: Annotated[int, Meta(ge=1, le=MOST_PAIRS)] = 6  # attempts of each arm


class MeasureRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measure these functions now; with a trial, for each of them."""

    run_id: Name
    service: Name
    functions: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=6)]
    trial: TrialRequest | None = None

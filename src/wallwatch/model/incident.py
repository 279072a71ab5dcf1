"""An incident: changepoints that belong to one real-world event. Its JSON is a contract."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from wallwatch.model.changepoint import Interval


class Kind(StrEnum):
    """What sort of event it is."""

    BLOCK = "block"
    THROTTLE = "throttle"
    SHUTDOWN = "shutdown"
    OUTAGE = "outage"
    SERVICE_CHANGE = "service_change"
    INSTRUMENT = "instrument"
    REMOVAL = "removal"


class State(StrEnum):
    """How far it has come: something changed, evidence for its kind, two rounds of it, going, gone."""

    DISRUPTED = "disrupted"
    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    EASING = "easing"
    RESTORED = "restored"


class Counts(Struct, frozen=True, kw_only=True):
    """The denominators. None: the input does not say."""

    measurements: int | None
    blocked: int | None
    probes: int | None
    networks: int | None


class Passage(Struct, frozen=True, kw_only=True):
    """A step of an incident from one state to the next, when it was known, and what it was known from."""

    state: State
    time: datetime
    because: str


class Earlier(Struct, frozen=True, kw_only=True):
    """An earlier incident of the same kind, service and country."""

    id: str
    onset: Interval
    end: Interval | None


class Versions(Struct, frozen=True, kw_only=True):
    """What made it, so that it can be made again."""

    rules: str
    detector: str
    reference: str


class Incident(Struct, frozen=True, kw_only=True):
    """One event. `cc` is None where it spans countries; then `ccs` lists them."""

    id: str
    kind: Kind
    state: State
    cc: str | None
    ccs: tuple[str, ...]
    asns: tuple[int, ...]
    service: str | None
    owner: str | None
    functions: tuple[str, ...]
    targets: tuple[str, ...]
    onset: Interval
    end: Interval | None
    mechanisms: tuple[str, ...]
    confidence: str  # low | medium | high
    counts: Counts
    witnesses: tuple[str, ...]
    history: tuple[Earlier, ...]
    passages: tuple[Passage, ...]
    because: str
    versions: Versions

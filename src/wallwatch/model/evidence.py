"""Evidence: what was seen of one target in one measurement, set beside what a control saw. No opinion yet.

`pipeline/evidence.py` gathers it from observations, `pipeline/rules` reads it. All counts, no addresses of
people; the endpoints are the service's.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from wallwatch.model.observation import Vantage

JOINED_BY_RUN = "run"  # the control answered for this very run
JOINED_BY_TIME = "time"  # the nearest control of the same target
JOINED_IN_RECORD = "record"  # web_connectivity: the helper's answer is in the probe's own record

ANY_OF = "any_of"  # the function works when one endpoint of the pool does
ALL_OF = "all_of"


class FailureCount(Struct, frozen=True, kw_only=True, order=True):
    """How often an operation failed in one way."""

    operation: str  # resolve, connect, tls_handshake, verify, write, read, parse, http; "" where not recorded
    failure: str
    count: int


class Layer(Struct, frozen=True, kw_only=True):
    """The rows of one kind: how many, how many failed and how."""

    n: int
    failed: int
    failures: tuple[FailureCount, ...]  # sorted


class Page(Struct, frozen=True, kw_only=True):
    """The last page of a web request, after redirects."""

    url: str | None
    status: int | None
    body_length: int | None  # bytes, None where the record keeps no whole body
    title: str | None


class Facts(Struct, frozen=True, kw_only=True):
    """What one vantage saw of the target, trials apart.

    An attempt is an entry of `x_handshakes`, or in OONI's own nettests a web request.
    """

    attempts: int
    failed: int
    failures: tuple[FailureCount, ...]
    authenticated: int  # attempts in which the far end proved who it is and nothing failed afterwards
    answered: int  # attempts in which bytes came back that prove nothing
    best_rung: int | None  # None: no attempt has a rung
    endpoints: tuple[str, ...]  # "address:port" that were tried, sorted
    endpoints_failed: tuple[str, ...]  # those at which nothing ever succeeded
    endpoints_mixed: tuple[str, ...]  # those at which some attempts failed and some did not
    hosts: tuple[str, ...]  # names that were tried, addresses where there was no name, sorted
    source_ports: int  # distinct ones
    # What the first flights would be recognised by, sorted; () in OONI's nettests
    trigger_families: tuple[str, ...]
    answers: tuple[str, ...]  # addresses the name resolved to, sorted; () where it did not
    dns: Layer
    tcp: Layer
    tls: Layer
    http: Layer
    page: Page | None


class TrialArm(Struct, frozen=True, kw_only=True, order=True):
    """One arm of a trial at one vantage."""

    payload: str  # trigger | neutral
    address: str  # service | neutral
    n: int
    failed: int
    failures: tuple[FailureCount, ...]


class PairTally(Struct, frozen=True, kw_only=True):
    """Attempts of the trigger and of the neutral bytes that ran side by side towards the neutral address."""

    pairs: int
    trigger_failed: int
    neutral_failed: int


class TrialFacts(Struct, frozen=True, kw_only=True):
    """One trial: the probe's arms and the control's."""

    id: str
    trigger_family: str  # "sni", "noise"; "" where the record does not say
    probe: tuple[TrialArm, ...]  # sorted by (payload, address)
    control: tuple[TrialArm, ...]
    pairs: PairTally  # the probe's


class Canaries(Struct, frozen=True, kw_only=True):
    """Whether pages that nobody blocks could be had. None: not tried."""

    home: bool | None
    abroad: bool | None


class Evidence(Struct, frozen=True, kw_only=True):
    """One measurement's facts about one target, beside the control's."""

    measurement_uid: str
    test_name: str
    vantage: Vantage
    input: str | None
    measurement_start_time: datetime
    service: str | None
    function: str | None
    target: str | None  # None: nothing in the measurement has a target
    pool: str  # any_of | all_of
    probe: Facts
    canaries: Canaries
    control: Facts | None  # None: no control could be joined
    control_canaries: Canaries
    control_uids: tuple[str, ...]
    control_joined: str | None  # run | time | record
    trials: tuple[TrialFacts, ...]  # sorted by id
    unverified: bool  # rests on a fact that the catalogue marks unverified
    observation_ids: tuple[str, ...]

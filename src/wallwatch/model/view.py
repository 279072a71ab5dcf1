"""What the pages read: values that a store hands to web/ and terminal/, already joined, never yet worded.

They live in the model so that station and web, which must not import each other, both know them. All
times are UTC. Text comes as recorded: escaping and wording are the page's job.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from wallwatch.model.incident import Incident, State
from wallwatch.model.measurement import Json
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.model.silence import Silence
from wallwatch.model.verdict import Verdict


class Slot(Struct, frozen=True, kw_only=True):
    """One bucket of a strip, `start` <= time < `end`. No data: outcome None and all counts 0.

    The outcome is the gravest in it (model.outcome.gravest); the counts say how many verdicts were what.
    """

    start: datetime
    end: datetime
    outcome: Outcome | None
    grade: Grade | None  # of a `blocked`
    ok: int
    down: int
    blocked: int
    unknown: int
    proven: int  # of `blocked`
    mechanism: str | None  # the commonest, of a `blocked`


class Strip(Struct, frozen=True, kw_only=True):
    """One series through time: service x function x network. Strips of one answer have the same slots."""

    cc: str
    asn: int
    network: str  # "China Telecom"; "" where no record names it
    service: str  # "whatsapp"
    service_name: str  # "WhatsApp"; the id again where the catalogue has no name
    function: str
    slots: tuple[Slot, ...]  # oldest first; one for each hour in which any vantage measured anything


class Listed(Struct, frozen=True, kw_only=True):
    """An incident as lists show it. Only where `proven` is not 0 may a page say "blocked"."""

    incident: Incident
    service_name: str  # "" for a shutdown
    owner_name: str  # "" where there is none
    networks: tuple[tuple[int, str], ...]  # (asn, name or "") of incident.asns, in that order
    proven: int  # measurements with a blocked/proven verdict, of the incident.counts.blocked ones


class Witness(Struct, frozen=True, kw_only=True):
    """One measurement that bears an incident out, as its gravest verdict tells it."""

    measurement_uid: str
    time: datetime
    cc: str
    asn: int
    network: str
    probe_id: str | None
    function: str
    outcome: Outcome
    grade: Grade | None
    mechanism: str | None
    rule: str  # the deciding one
    because: str
    control_uid: str | None


class ArmTally(Struct, frozen=True, kw_only=True):
    """Attempts of one arm at one vantage. `failed` of `tried` attempts."""

    role: str  # probe | control
    payload: str  # trigger | neutral      (model.handshake.Payload)
    address: str  # service | neutral      (model.handshake.Address)
    failed: int
    tried: int


class TrialTally(Struct, frozen=True, kw_only=True):
    """All trials of one function inside an incident, added up over its networks and rounds."""

    function: str
    trials: int  # distinct trial ids
    networks: int  # distinct probe networks that ran them
    arms: tuple[ArmTally, ...]  # at most one for each role x payload x address; a missing one was not run


class Dossier(Struct, frozen=True, kw_only=True):
    """Everything an incident's page shows."""

    listed: Listed
    witnesses: tuple[Witness, ...]  # newest first, at most 50
    trials: tuple[TrialTally, ...]
    strips: tuple[Strip, ...]  # every service, function and network of the country, from about a week before
    # the onset to about a week after the end: what was not affected is part of the evidence


class Note(Struct, frozen=True, kw_only=True):
    """A line of the log: something noticed or concluded. `number` grows by one and is never reused."""

    number: int
    time: datetime
    kind: str  # noticed | concluded | silence | restored-vantage ... ; free, for filters
    state: State | None  # the incident's state after this line; None: not about an incident
    text: str
    incident_id: str | None


class VantageReport(Struct, frozen=True, kw_only=True):
    """One probe or control and when it was heard."""

    probe_id: str
    role: str  # probe | control
    cc: str
    asn: int
    network: str
    access_type: str | None
    first_word: datetime | None  # start of its first measurement, None: none yet
    last_word: datetime | None
    measurements: int
    quiet: bool  # others report, it does not, as of now
    silences: tuple[Silence, ...]  # oldest first


class Status(Struct, frozen=True, kw_only=True):
    """How much there is. `revision` grows whenever any page could have changed; browsers poll it."""

    now: datetime  # scenario time in the lab
    revision: int
    measurements: int
    rounds: int  # distinct rounds judged so far
    vantages: int
    open_incidents: int


class Overview(Struct, frozen=True, kw_only=True):
    """The front page: the state of everything now."""

    status: Status
    incidents: tuple[Listed, ...]  # open ones and those that ended lately, newest onset first
    strips: tuple[Strip, ...]


class Facts(Struct, frozen=True, kw_only=True):
    """One measurement: what was recorded and what was concluded from it."""

    measurement_uid: str
    verdicts: tuple[Verdict, ...]
    document: Json  # as archived, decoded

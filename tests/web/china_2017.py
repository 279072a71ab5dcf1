"""A made-up station's memory of China's block of WhatsApp in 2017: a Reader over it, cut off at any round.

The values are invented but hang together: the rounds, the networks and the course are those of the lab's
scenario. Nothing here runs the pipeline; it only makes what the pages are given.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wallwatch.model.changepoint import Interval
from wallwatch.model.handshake import Address, Payload
from wallwatch.model.incident import Counts, Earlier, Incident, Kind, Passage, State, Versions
from wallwatch.model.measurement import Json
from wallwatch.model.outcome import Grade, Locus, Outcome
from wallwatch.model.silence import Silence
from wallwatch.model.verdict import Verdict
from wallwatch.model.view import (
    ArmTally,
    Dossier,
    Facts,
    Listed,
    Note,
    Overview,
    Slot,
    Status,
    Strip,
    TrialTally,
    VantageReport,
    Witness,
)

NETWORKS = ((4134, "China Telecom"), (4837, "China Unicom"), (9808, "China Mobile"))
SERIES = (
    ("weibo", "Weibo", "web"),
    *(("whatsapp", "WhatsApp", function) for function in ("registration", "text", "media", "web")),
)
VERSIONS = Versions(rules="2026.12-1", detector="steps-1", reference="3f9a1c")
MEASUREMENTS_A_ROUND = 9  # three probes and the control for two services, and the twin


def at(text: str) -> datetime:
    """`09-20 05:00` of 2017, UTC."""
    return datetime.strptime(f"2017-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


DAYS = {
    "07-14": ("02:00",),
    "07-16": ("02:00",),
    "07-17": ("14:00",),
    "07-18": ("01:00", "06:00", "18:00"),
    "07-20": ("02:00",),
    "07-25": ("02:00",),
    "08-01": ("09:00", "15:00"),
    "08-02": ("09:00",),
    "08-05": ("02:00",),
    "08-09": ("03:00", "09:00", "21:00"),
    "08-10": ("09:00",),
    "08-15": ("03:00", "09:00", "21:00"),
    "08-16": ("03:00", "09:00"),
    "08-21": ("02:00",),
    "09-05": ("02:00",),
    "09-18": ("02:00", "14:00"),
    "09-19": ("02:00", "14:00", "23:00"),
    "09-20": ("05:00", "14:00"),
    "09-21": ("02:00", "14:00"),
    "09-22": ("02:00", "21:00"),
    "09-23": ("03:00", "14:00"),
    "09-24": ("02:00", "14:00"),
    "09-25": ("02:00", "14:00"),
    "09-26": ("03:00", "09:00"),
    "09-27": ("02:00", "14:00"),
    "09-28": ("14:00",),
    "09-29": ("03:00", "09:00"),
    "09-30": ("02:00",),
    "10-03": ("02:00",),
    "10-06": ("02:00",),
}
ROUNDS = tuple(at(f"{day} {hour}") for day, hours in DAYS.items() for hour in hours)


def judged(service: str, function: str, asn: int, time: datetime) -> tuple[Outcome | None, Grade | None]:
    """What a round of one series came to."""
    if asn == 9808 and at("08-09 05:00") < time < at("08-10 05:00"):
        return None, None  # the probe is offline
    if service != "whatsapp":
        return Outcome.OK, None
    if at("08-15 05:00") < time < at("08-16 08:00"):
        return Outcome.DOWN, None
    if function == "media" and (
        at("07-18 03:00") < time < at("08-01 12:00") or at("09-20 00:00") < time < at("09-29 05:00")
    ):
        return Outcome.BLOCKED, Grade.PROVEN
    if function == "text" and at("09-20 00:00") < time < at("09-29 05:00"):
        return _text(asn, time)
    if function == "web" and asn == 4837 and time == at("09-21 14:00"):
        return Outcome.UNKNOWN, None
    return Outcome.OK, None


def _text(asn: int, time: datetime) -> tuple[Outcome | None, Grade | None]:
    if time < at("09-23 00:00"):  # now and then, on two networks
        hit = asn != 9808 and time.hour != 21
        return (
            (Outcome.BLOCKED, Grade.PROVEN if asn == 4134 else Grade.CONSISTENT)
            if hit
            else (Outcome.OK, None)
        )
    if time > at("09-26 06:00") and asn != 4134:  # back on two networks
        return Outcome.OK, None
    return Outcome.BLOCKED, Grade.PROVEN


def slot(service: str, function: str, asn: int, time: datetime) -> Slot:
    """One round of one series as a slot."""
    outcome, grade = judged(service, function, asn, time)
    mechanism = {"text": "proto.drop.noise", "media": "tls.reset.sni"}.get(function)
    return Slot(
        start=time,
        end=time + timedelta(hours=1),
        outcome=outcome,
        grade=grade,
        ok=int(outcome is Outcome.OK),
        down=int(outcome is Outcome.DOWN),
        blocked=int(outcome is Outcome.BLOCKED),
        unknown=int(outcome is Outcome.UNKNOWN),
        proven=int(grade is Grade.PROVEN),
        mechanism=mechanism if outcome is Outcome.BLOCKED else None,
    )


def strips(until: datetime) -> tuple[Strip, ...]:
    """Every series up to and with a round."""
    rounds = [time for time in ROUNDS if time <= until]
    return tuple(
        Strip(
            cc="CN",
            asn=asn,
            network=name,
            service=service,
            service_name=title,
            function=function,
            slots=tuple(slot(service, function, asn, time) for time in rounds),
        )
        for service, title, function in SERIES
        for asn, name in NETWORKS
        if rounds
    )


def incident(  # noqa: PLR0913  a made-up incident is told apart by these
    identifier: str,
    kind: Kind,
    functions: tuple[str, ...],
    onset: tuple[str, str],
    end: tuple[str, str] | None,
    passages: tuple[tuple[State, str, str], ...],
    mechanisms: tuple[str, ...] = (),
    history: tuple[Earlier, ...] = (),
    **changes: object,
) -> Incident:
    """An incident of WhatsApp in China; `changes` override any field."""
    fields: dict[str, object] = {
        "id": identifier,
        "kind": kind,
        "state": passages[-1][0],
        "cc": "CN",
        "ccs": ("CN",),
        "asns": (4134, 4837, 9808),
        "service": "whatsapp",
        "owner": "meta",
        "functions": functions,
        "targets": tuple(f"whatsapp/{function}" for function in functions),
        "onset": Interval(earliest=at(onset[0]), latest=at(onset[1])),
        "end": Interval(earliest=at(end[0]), latest=at(end[1])) if end else None,
        "mechanisms": mechanisms,
        "confidence": "high",
        "counts": Counts(measurements=45, blocked=38, probes=3, networks=3),
        "witnesses": ("20170920050001.000000_CN_servicefunctions_0a1b2c3d4e5f6071",),
        "history": history,
        "passages": tuple(
            Passage(state=state, time=at(time), because=because) for state, time, because in passages
        ),
        "because": "media and text of whatsapp in 3 of 3 networks measured blocked: text: its first bytes"
        " fail towards a neutral address too, innocent bytes of the same length pass",
        "versions": VERSIONS,
    }
    return Incident(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand


def listed(one: Incident, proven: int) -> Listed:
    """With the names that lists show."""
    return Listed(incident=one, service_name="WhatsApp", owner_name="Meta", networks=NETWORKS, proven=proven)


JULY = incident(
    "CN-whatsapp-block-2017-1",
    Kind.BLOCK,
    ("media",),
    ("07-18 01:00", "07-18 06:00"),
    ("08-01 09:00", "08-01 15:00"),
    (
        (
            State.SUSPECTED,
            "07-18 06:00",
            "one round that counts: seen in 3 series of 3 networks, proven in 3",
        ),
        (State.CONFIRMED, "07-18 18:00", "2 rounds that count: seen in 3 series of 3 networks, proven in 3"),
        (State.RESTORED, "08-02 09:00", "3 of 3 series are well again"),
    ),
    ("tls.reset.sni",),
    counts=Counts(measurements=15, blocked=15, probes=3, networks=3),
)
AUGUST = incident(
    "XX-whatsapp-outage-2017-1",
    Kind.OUTAGE,
    ("media", "registration", "text", "web"),
    ("08-15 03:00", "08-15 09:00"),
    ("08-16 03:00", "08-16 09:00"),
    (
        (State.SUSPECTED, "08-15 09:00", "one round that counts: seen in 12 series of 3 networks"),
        (State.CONFIRMED, "08-15 21:00", "2 rounds that count: seen in 12 series of 3 networks"),
        (State.RESTORED, "08-21 02:00", "12 of 12 series are well again"),
    ),
    cc=None,
    ccs=("CN", "NL"),
    counts=Counts(measurements=9, blocked=0, probes=3, networks=3),
    because="media, registration, text and web of whatsapp in 3 of 3 networks measured failed while the"
    " control abroad failed too: the service itself was down",
)
SEPTEMBER_STEPS = (
    (State.DISRUPTED, "09-20 05:00", "one network, not proven: seen in 2 series of 1 networks, proven in 0"),
    (State.SUSPECTED, "09-20 14:00", "one round that counts: seen in 5 series of 3 networks, proven in 4"),
    (State.CONFIRMED, "09-21 02:00", "2 rounds that count: seen in 5 series of 3 networks, proven in 4"),
    (State.EASING, "09-26 09:00", "2 of 6 series are well again"),
    (State.RESTORED, "09-30 02:00", "6 of 6 series are well again"),
)


def september(until: datetime) -> Incident:
    """The block of September as it was known at a round."""
    steps = tuple(step for step in SEPTEMBER_STEPS if at(step[1]) <= until)
    return incident(
        "CN-whatsapp-block-2017-2",
        Kind.BLOCK,
        ("media", "text"),
        ("09-19 23:00", "09-20 05:00"),
        ("09-29 03:00", "09-29 09:00") if steps[-1][0] is State.RESTORED else None,
        steps,
        ("proto.drop.noise", "tls.reset.sni"),
        (Earlier(id=JULY.id, onset=JULY.onset, end=JULY.end),),
    )


WITNESS = Witness(
    measurement_uid="20170920050001.000000_CN_servicefunctions_0a1b2c3d4e5f6071",
    time=at("09-20 05:00"),
    cc="CN",
    asn=4134,
    network="China Telecom",
    probe_id="cn-4134",
    function="text",
    outcome=Outcome.BLOCKED,
    grade=Grade.PROVEN,
    mechanism="proto.drop.noise",
    rule="trial.trigger_fails_at_neutral_address",
    because="the first bytes of the protocol failed 12 of 12 times towards an address that the service does"
    " not run, innocent bytes of the same length 0 of 12 times, and the control had neither fail",
    control_uid="20170920050001.000000_NL_servicefunctions_1111222233334444",
)


def arms(function: str) -> tuple[ArmTally, ...]:
    """The eight arms of a trial that came out as a block by protocol."""
    failed = {
        ("probe", Payload.TRIGGER, Address.SERVICE): 71,
        ("probe", Payload.TRIGGER, Address.NEUTRAL): 72,
        ("probe", Payload.NEUTRAL, Address.SERVICE): 0,
        ("probe", Payload.NEUTRAL, Address.NEUTRAL): 1 if function == "text" else 0,
    }
    return tuple(
        ArmTally(
            role=role,
            payload=payload.value,
            address=address.value,
            failed=failed.get((role, payload, address), 0),
            tried=72,
        )
        for role in ("probe", "control")
        for payload in Payload
        for address in Address
    )


SILENCE = Silence(
    probe_id="cn-9808",
    probe_cc="CN",
    probe_asn=9808,
    since=at("08-09 03:00"),
    noticed=at("08-09 21:00"),
    until=at("08-10 09:00"),
    missed_rounds=2,
    because="probe cn-9808 in AS9808 missed 2 rounds in which others reported",
)

NOTES = (
    ("07-18 06:00", State.SUSPECTED, "media of WhatsApp fails in three networks", JULY.id),
    ("07-18 18:00", State.CONFIRMED, "a second round proves it: reset by server name", JULY.id),
    ("08-02 09:00", State.RESTORED, "media is well again in three networks", JULY.id),
    ("08-09 21:00", None, "probe cn-9808 went quiet; nothing is concluded from its silence", None),
    ("08-10 09:00", None, "probe cn-9808 is heard again", None),
    (
        "08-15 09:00",
        State.SUSPECTED,
        "everything of WhatsApp fails, at the control too: an outage",
        AUGUST.id,
    ),
    ("08-21 02:00", State.RESTORED, "the service is back", AUGUST.id),
    ("09-20 05:00", State.DISRUPTED, "text fails in one network, not proven", "CN-whatsapp-block-2017-2"),
    ("09-20 14:00", State.SUSPECTED, "text by its first bytes, media by name", "CN-whatsapp-block-2017-2"),
    ("09-21 02:00", State.CONFIRMED, "a second round proves both", "CN-whatsapp-block-2017-2"),
    ("09-26 09:00", State.EASING, "text is back in two of three networks", "CN-whatsapp-block-2017-2"),
    ("09-30 02:00", State.RESTORED, "text and media are well again", "CN-whatsapp-block-2017-2"),
)


def handshake(arm: tuple[str, str] | None, failure: str | None) -> Json:
    """One entry of `x_handshakes`."""
    return {
        "service": "whatsapp",
        "function": "text",
        "target_id": "whatsapp/text",
        "endpoint": "31.13.80.53:5222",
        "hostname": "g.whatsapp.net",
        "wire_class": "W2",
        "trigger_family": "noise",
        "client_profile": "whatsapp-web-6.3",
        "sent_len": 43,
        "sent_prefix_hex": "57410603",
        "t_first_reply": None if failure else 0.12,
        "reply_len": 0 if failure else 350,
        "reply_prefix_hex": "",
        "bytes_moved": 0,
        "rung": 1 if failure else 4,
        "auth": None,
        "failure": failure,
        "failed_operation": "read" if failure else None,
        "source_port": 51234,
        "t0": 0.0,
        "t": 1.0,
        "transaction_id": 3,
        "catalogue_version": "1",
        "trial": {"id": "t1", "arm": {"payload": arm[0], "address": arm[1]}, "attempt": 0} if arm else None,
    }


class MadeUp:
    """A Reader whose present is a round; `advance` moves it on."""

    def __init__(self, rounds: int = len(ROUNDS)) -> None:
        """`rounds`: how many of ROUNDS have happened; 0 is an empty station."""
        self.rounds = rounds

    @property
    def now(self) -> datetime:
        """The last round's instant."""
        return ROUNDS[self.rounds - 1] if self.rounds else ROUNDS[0] - timedelta(days=1)

    def advance(self) -> None:
        """One more round."""
        self.rounds += 1

    def status(self) -> Status:
        return Status(
            now=self.now,
            revision=self.rounds,
            measurements=self.rounds * MEASUREMENTS_A_ROUND,
            rounds=self.rounds,
            vantages=4 if self.rounds else 0,
            open_incidents=sum(one.incident.end is None for one in self.incidents()),
        )

    def overview(self) -> Overview:
        return Overview(status=self.status(), incidents=self.incidents(), strips=self.strips(None, None))

    def incidents(self) -> tuple[Listed, ...]:
        begun = [
            listed(one, proven)
            for one, proven in ((AUGUST, 0), (JULY, 15))
            if one.passages[-1].time <= self.now
        ]
        if self.now >= at("09-20 05:00"):
            begun.insert(0, listed(september(self.now), 0 if self.now < at("09-20 14:00") else 33))
        return tuple(begun)

    def incident(self, incident_id: str) -> Dossier | None:
        for one in self.incidents():
            if one.incident.id == incident_id:
                return Dossier(
                    listed=one,
                    witnesses=(WITNESS,),
                    trials=tuple(
                        TrialTally(function=function, trials=6, networks=3, arms=arms(function))
                        for function in one.incident.functions
                        if one.incident.kind is Kind.BLOCK
                    ),
                    strips=self.strips(None, None),
                )
        return None

    def measurement(self, measurement_uid: str) -> Facts | None:
        if measurement_uid != WITNESS.measurement_uid:
            return None
        verdict = Verdict(
            measurement_uid=measurement_uid,
            test_name="service_functions",
            service="whatsapp",
            function="text",
            target="whatsapp/text",
            input="whatsapp",
            probe_cc="CN",
            probe_asn=4134,
            measurement_start_time=WITNESS.time,
            outcome=Outcome.BLOCKED,
            grade=Grade.PROVEN,
            locus=Locus.NETWORK,
            layer="proto",
            mechanism="proto.drop.noise",
            fraction=1.0,
            resolver_asn=4134,
            access_type="fixed",
            control_uid=WITNESS.control_uid,
            rules=(WITNESS.rule,),
            because=WITNESS.because,
            rules_version="2026.12-1",
            reference_version="3f9a1c",
            role="probe",
            probe_id="cn-4134",
            run_id="r28",
            observation_ids=(),
            control_uids=(),
            trial_ids=("t1",),
        )
        entries = [
            handshake(None, "generic_timeout_error"),
            handshake(("trigger", "neutral"), "generic_timeout_error"),
            handshake(("neutral", "neutral"), None),
            {"of": "another shape"},
        ]
        document: Json = {"probe_cc": "CN", "probe_asn": "AS4134", "test_keys": {"x_handshakes": entries}}
        return Facts(measurement_uid=measurement_uid, verdicts=(verdict,), document=document)

    def strips(self, since: datetime | None, until: datetime | None) -> tuple[Strip, ...]:
        every = strips(self.now)
        return tuple(
            Strip(
                cc=one.cc,
                asn=one.asn,
                network=one.network,
                service=one.service,
                service_name=one.service_name,
                function=one.function,
                slots=tuple(
                    slot
                    for slot in one.slots
                    if (since is None or slot.start >= since) and (until is None or slot.start < until)
                ),
            )
            for one in every
        )

    def log(self, after: int) -> tuple[Note, ...]:
        return tuple(
            Note(
                number=number,
                time=at(time),
                kind="concluded" if state else "silence",
                state=state,
                text=text,
                incident_id=incident_id,
            )
            for number, (time, state, text, incident_id) in enumerate(NOTES, start=1)
            if number > after and at(time) <= self.now
        )

    def vantages(self) -> tuple[VantageReport, ...]:
        if not self.rounds:
            return ()
        rows = [(f"cn-{asn}", "probe", "CN", asn, name) for asn, name in NETWORKS]
        rows.append(("control-nl", "control", "NL", 1136, "KPN"))
        return tuple(
            VantageReport(
                probe_id=name,
                role=role,
                cc=cc,
                asn=asn,
                network=network,
                access_type="fixed",
                first_word=ROUNDS[0],
                last_word=SILENCE.since if self._quiet(name) else self.now,
                measurements=2 * self.rounds,
                quiet=self._quiet(name),
                silences=(SILENCE,) if name == SILENCE.probe_id and self.now > SILENCE.since else (),
            )
            for name, role, cc, asn, network in rows
        )

    def _quiet(self, name: str) -> bool:
        back = SILENCE.until or ROUNDS[-1]
        return name == SILENCE.probe_id and at("08-09 21:00") <= self.now < back

"""One value of each type that the tables keep, with every field filled that can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import structs

from wallwatch.lake.described import described
from wallwatch.model.cell import Cell, CellKey
from wallwatch.model.changepoint import Interval
from wallwatch.model.evidence import Evidence
from wallwatch.model.handshake import Address, Arm, Auth, Handshake, Payload, Trial
from wallwatch.model.incident import Counts, Earlier, Incident, Kind, Passage, State, Versions
from wallwatch.model.measurement import Measurement
from wallwatch.model.observation import Observation, Vantage
from wallwatch.model.outcome import Grade, Locus, Outcome
from wallwatch.model.silence import Silence
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.evidence import gather

START = datetime(2017, 9, 20, 2, 0, 0, 123456, tzinfo=UTC)
UID = "20170920020000.000000_CN_servicefunctions_0123456789abcdef"

VANTAGE = Vantage(
    probe_cc="CN",
    probe_asn=4134,
    resolver_asn=4134,
    role="probe",
    probe_id="cn-4134",
    run_id="run-1",
    access_type="fixed",
    software="wallwatch 0.1.0",
)

HANDSHAKE = Handshake(
    service="whatsapp",
    function="text",
    target_id="whatsapp/text",
    endpoint="192.0.2.7:443",
    hostname="g.whatsapp.net",
    wire_class="W5",
    trigger_family="noise",
    client_profile="whatsapp-web-6.3",
    sent_len=43,
    sent_prefix_hex="5741",
    t_first_reply=None,
    reply_len=0,
    reply_prefix_hex="",
    bytes_moved=0,
    rung=1,
    auth=Auth(method="noise_cert_chain", key_id=None, ok=True),
    failure="generic_timeout_error",
    failed_operation="read",
    source_port=40000,
    t0=0.25,
    t=1.5,
    transaction_id=3,
    catalogue_version="abc",
    trial=Trial(
        id="run-1/whatsapp/text", arm=Arm(payload=Payload.TRIGGER, address=Address.NEUTRAL), attempt=2
    ),
)

OBSERVATION = Observation(
    observation_id=f"{UID}#0",
    measurement_uid=UID,
    test_name="service_functions",
    measurement_start_time=START,
    vantage=VANTAGE,
    time=START + timedelta(seconds=1.5),
    kind="handshake",
    service="whatsapp",
    function="text",
    target="whatsapp/text",
    input="whatsapp",
    hostname="g.whatsapp.net",
    address="192.0.2.7",
    port=443,
    failure="generic_timeout_error",
    failed_operation="read",
    seconds=1.25,
    query_type="A",
    resolver="192.0.2.53",
    answers=("192.0.2.7", "192.0.2.8"),
    verified=False,
    server_name="g.whatsapp.net",
    tls_version="TLSv1.3",
    certificate_sha256="00ff",
    http_url="https://g.whatsapp.net/",
    http_status=200,
    body_length=5,
    body_sha256="11",
    title="<b>",
    handshake=HANDSHAKE,
)

# Made by the pipeline itself: an attempt outside a trial, one in a trial, and the control's.
EVIDENCE: Evidence = gather(
    [
        OBSERVATION,
        structs.replace(
            OBSERVATION, observation_id=f"{UID}#1", handshake=structs.replace(HANDSHAKE, trial=None)
        ),
    ],
    [
        structs.replace(
            OBSERVATION,
            observation_id="control-uid#0",
            measurement_uid="control-uid",
            vantage=structs.replace(VANTAGE, role="control", probe_cc="NL", probe_asn=1136),
            handshake=structs.replace(HANDSHAKE, trial=None, failure=None),
        )
    ],
)[0]

VERDICT = Verdict(
    measurement_uid=UID,
    test_name="service_functions",
    service="whatsapp",
    function="text",
    target="whatsapp/text",
    input="whatsapp",
    probe_cc="CN",
    probe_asn=4134,
    measurement_start_time=START,
    outcome=Outcome.BLOCKED,
    grade=Grade.PROVEN,
    locus=Locus.NETWORK,
    layer="proto",
    mechanism="proto.drop.noise",
    fraction=1.0,
    resolver_asn=4134,
    access_type="fixed",
    control_uid="control-uid",
    rules=("trial.trigger_fails_at_twin", "service.control_passes"),
    because="the same bytes fail at the twin",
    rules_version="1",
    reference_version="abc",
    role="probe",
    probe_id="cn-4134",
    run_id="run-1",
    observation_ids=(f"{UID}#0",),
    control_uids=("control-uid",),
    trial_ids=("run-1/whatsapp/text",),
)

CELL = Cell(
    key=CellKey(
        probe_cc="CN",
        probe_asn=4134,
        resolver_asn=None,
        service="whatsapp",
        function="text",
        layer="proto",
        hour=START.replace(minute=0, second=0, microsecond=0),
    ),
    ok=1,
    down=0,
    blocked=2,
    unknown=0,
    proven=1,
    rules={"trial.trigger_fails_at_twin": 2},
    mechanisms={},
    probes=1,
    runs=2,
    witnesses=(UID,),
    first=START,
    last=START + timedelta(minutes=30),
)

SPAN = Interval(earliest=START, latest=START + timedelta(hours=8))
INCIDENT = Incident(
    id="CN-whatsapp-block-2017-1",
    kind=Kind.BLOCK,
    state=State.RESTORED,
    cc="CN",
    ccs=("CN",),
    asns=(4134, 4837),
    service="whatsapp",
    owner="meta",
    functions=("media", "text"),
    targets=("whatsapp/media", "whatsapp/text"),
    onset=SPAN,
    end=SPAN,
    mechanisms=("proto.drop.noise",),
    confidence="high",
    counts=Counts(measurements=12, blocked=7, probes=3, networks=None),
    witnesses=(UID,),
    history=(Earlier(id="CN-whatsapp-block-2017-0", onset=SPAN, end=None),),
    passages=(Passage(state=State.DISRUPTED, time=START, because="one network, not proven"),),
    because="text of whatsapp failed",
    versions=Versions(rules="1", detector="steps-1", reference="abc"),
)

SILENCE = Silence(
    probe_id="cn-9808",
    probe_cc="CN",
    probe_asn=9808,
    since=START,
    noticed=START,
    until=None,
    missed_rounds=3,
    because="quiet",
)

MEASUREMENT = Measurement(
    measurement_uid=UID,
    report_id=None,
    test_name="service_functions",
    test_version="0.1.0",
    software_name="wallwatch",
    software_version="0.1.0",
    probe_cc="CN",
    probe_asn=4134,
    probe_network_name="China Telecom",
    resolver_asn=4134,
    input="whatsapp",
    measurement_start_time=START,
    test_runtime=1.5,
    annotations={"role": "probe", "probe_id": "cn-4134", "run_id": "run-1", "round": "7"},
    test_keys={},
)
DESCRIBED = described(MEASUREMENT, bare=False)

# Each once full, once with everything absent that may be.
SAMPLES: dict[str, tuple[object, ...]] = {
    "measurements": (DESCRIBED, structs.replace(DESCRIBED, round=None, test_runtime=None, bare=True)),
    "observations": (
        OBSERVATION,
        structs.replace(OBSERVATION, handshake=structs.replace(HANDSHAKE, trial=None, auth=None)),
        structs.replace(OBSERVATION, handshake=None, answers=None, target=None, seconds=None, verified=None),
    ),
    "evidence": (EVIDENCE, structs.replace(EVIDENCE, control=None, control_uids=(), trials=(), service=None)),
    "verdicts": (
        VERDICT,
        structs.replace(VERDICT, outcome=Outcome.OK, grade=None, locus=None, mechanism=None, fraction=None),
    ),
    "cells": (CELL, structs.replace(CELL, mechanisms={"proto.drop.noise": 2}, rules={})),
    "incidents": (INCIDENT, structs.replace(INCIDENT, end=None, cc=None, history=(), service=None)),
    "silences": (SILENCE, structs.replace(SILENCE, until=START)),
}

"""The JSON API: the contract's shapes, UTC times, refusals that say why."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import msgspec
import pytest
from fastapi import FastAPI

from tests.web.asking import ask
from tests.web.china_2017 import ROUNDS, WITNESS, MadeUp, at
from wallwatch.model.view import Note, Status, Strip, VantageReport
from wallwatch.web.app import create_app


@pytest.fixture
def app() -> FastAPI:
    """The station after the last round."""
    return create_app(MadeUp())


@pytest.mark.real_data
@pytest.mark.parametrize("rounds", [6, 19, 29, 37, len(ROUNDS)])
def test_incidents_keep_the_contract(shared: Path, rounds: int) -> None:
    schema = msgspec.json.decode((shared / "contracts" / "incident.schema.json").read_bytes())
    app = create_app(MadeUp(rounds))
    lines = ask(app, "/api/v1/incidents").json()
    for line in lines:
        jsonschema.validate(line, schema, format_checker=jsonschema.FormatChecker())
        jsonschema.validate(ask(app, f"/api/v1/incidents/{line['id']}").json(), schema)


def test_incidents_say_what_pages_say(app: FastAPI) -> None:
    first, *_ = ask(app, "/api/v1/incidents").json()
    assert first["headline"] == "WhatsApp text messages and media blocked in China"
    assert first["networks"][0] == {"asn": 4134, "name": "China Telecom"}
    assert first["onset"] == {"earliest": "2017-09-19T23:00:00Z", "latest": "2017-09-20T05:00:00Z"}
    assert first["passages"][0]["state"] == "disrupted"


def test_an_incident_brings_its_evidence(app: FastAPI) -> None:
    evidence = ask(app, "/api/v1/incidents/CN-whatsapp-block-2017-2").json()["evidence"]
    assert [len(evidence[part]) for part in ("trials", "witnesses", "strips")] == [2, 1, 15]


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("status", Status),
        ("strips", tuple[Strip, ...]),
        ("log", tuple[Note, ...]),
        ("vantages", tuple[VantageReport, ...]),
    ],
)
def test_answers_decode_into_their_types(app: FastAPI, path: str, shape: type) -> None:
    answer = ask(app, f"/api/v1/{path}")
    assert answer.headers["content-type"] == "application/json"
    assert msgspec.json.decode(answer.body, type=shape)


def test_strips_are_cut_and_share_their_slots(app: FastAPI) -> None:
    query = "since=2017-09-20T00:00:00Z&until=2017-09-23T00:00:00Z"
    strips = ask(app, f"/api/v1/strips?{query}").json()
    starts = [[slot["start"] for slot in strip["slots"]] for strip in strips]
    assert all(one == starts[0] for one in starts)
    assert starts[0][0] == "2017-09-20T05:00:00Z"
    assert len(starts[0]) == 6


def test_no_data_is_null_not_ok(app: FastAPI) -> None:
    silent = [
        slot
        for strip in ask(app, "/api/v1/strips").json()
        for slot in strip["slots"]
        if strip["asn"] == 9808 and slot["start"].startswith("2017-08-09T09")
    ]
    assert silent
    assert all(slot["outcome"] is None and slot["ok"] == 0 for slot in silent)


def test_log_continues_after_a_number(app: FastAPI) -> None:
    everything = ask(app, "/api/v1/log").json()
    assert ask(app, f"/api/v1/log?after={everything[3]['number']}").json() == everything[4:]


def test_revision_grows_with_each_round() -> None:
    station = MadeUp(ROUNDS.index(at("09-20 05:00")) + 1)
    app = create_app(station)
    before = ask(app, "/api/v1/status").json()
    station.advance()
    after = ask(app, "/api/v1/status").json()
    assert after["revision"] > before["revision"]
    assert (before["now"], after["now"]) == ("2017-09-20T05:00:00Z", "2017-09-20T14:00:00Z")


def test_a_measurement_comes_as_archived(app: FastAPI) -> None:
    facts = ask(app, f"/api/v1/measurements/{WITNESS.measurement_uid}").json()
    assert facts["document"]["probe_asn"] == "AS4134"
    assert facts["verdicts"][0]["grade"] == "proven"


@pytest.mark.parametrize(
    ("target", "code", "says"),
    [
        ("incidents/none", 404, "There is no incident 'none'."),
        ("measurements/none", 404, "There is no measurement 'none'."),
        ("strips?since=yesterday", 422, "since is not a time like 2017-09-20T02:00:00Z: 'yesterday'"),
        ("log?after=-1", 422, "query.after: Input should be greater than or equal to 0"),
    ],
)
def test_refusals_say_why(app: FastAPI, target: str, code: int, says: str) -> None:
    answer = ask(app, f"/api/v1/{target}")
    assert (answer.code, answer.json()) == (code, {"error": says})
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_it_describes_itself(app: FastAPI) -> None:
    described = ask(app, "/api/v1/openapi.json").json()
    assert "/api/v1/incidents/{incident_id}" in described["paths"]
    assert "/" not in described["paths"]

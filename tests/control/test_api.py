"""The control's API: what it measures, and all that it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tests.experiments.world import CHAT, TWIN_PORTS, TWINS, World, silence
from tests.fakes import run
from tests.probe.parties import Control
from wallwatch.net.seam import Endpoint

NEUTRAL = [{"payload": "trigger", "address": "neutral"}, {"payload": "neutral", "address": "neutral"}]
GOOD: Mapping[str, Any] = {
    "run_id": "abc",
    "service": "whatsapp",
    "functions": ["text"],
    "trial": {"id": "abc/whatsapp/text", "arms": NEUTRAL, "pairs": 2},
}


def ask(
    body: object, method: str = "POST", path: str = "/v1/measure", world: World | None = None
) -> tuple[int, Any, Control]:
    control = Control(world or World())
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    status, answer = run(control.answer(method, path, content))
    return status, msgspec.json.decode(answer), control


def test_twins_are_told() -> None:
    status, answer, _ = ask(b"", "GET", "/v1/twins")
    assert (status, answer) == (200, {"twins": list(TWINS), "ports": list(TWIN_PORTS)})


def test_a_measurement_with_both_arms_is_answered_and_published() -> None:
    status, answer, control = ask(GOOD)
    assert status == 200
    assert answer["annotations"]["role"] == "control"
    assert answer["annotations"]["run_id"] == "abc"
    handshakes = answer["test_keys"]["x_handshakes"]
    assert {h["function"] for h in handshakes} == {"text"}
    assert all(h["failure"] is None for h in handshakes)
    arms = sorted((h["trial"]["arm"]["payload"], h["trial"]["attempt"]) for h in handshakes if h["trial"])
    assert arms == [("neutral", 0), ("neutral", 1), ("trigger", 0), ("trigger", 1)]
    assert [msgspec.json.decode(content) for content in control.published] == [answer]


def test_a_failure_is_tried_again_so_that_one_lost_packet_is_no_outage() -> None:
    world = World()
    world.net.serve(Endpoint(CHAT, 443), silence)
    _, answer, _ = ask({**GOOD, "trial": None}, world=world)
    ports = [h["endpoint"] for h in answer["test_keys"]["x_handshakes"]]
    assert ports.count(f"{CHAT}:443") == 3
    assert ports.count(f"{CHAT}:5222") == 1


def changed(**changes: object) -> dict[str, object]:
    return {**GOOD, **changes}


def with_trial(**changes: object) -> dict[str, object]:
    return {**GOOD, "trial": {**GOOD["trial"], **changes}}


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "does not fit"),
        (b"[]", 400, "does not fit"),
        (b"\xff", 400, "does not fit"),
        (changed(service="watsapp"), 403, "whatsapp"),
        (changed(functions=["txt"]), 403, "text"),
        (changed(functions=[]), 400, "length"),
        (changed(functions=["text"] * 7), 400, "length"),
        (changed(functions=["text", "text"]), 400, "twice"),
        (changed(run_id="x" * 65), 400, "length"),
        (changed(host="198.51.100.1"), 400, "unknown field"),
        (with_trial(address="198.51.100.1"), 400, "unknown field"),
        (with_trial(pairs=9), 400, "<= 8"),
        (with_trial(pairs=0), 400, ">= 1"),
        (with_trial(arms=[{"payload": "trigger", "address": "service"}]), 403, "twins"),
        (with_trial(arms=[{"payload": "anything", "address": "neutral"}]), 400, "enum"),
        (with_trial(arms=NEUTRAL * 3), 400, "length"),
    ],
)
def test_all_else_is_refused_in_words_and_sends_nothing(body: object, status: int, says: str) -> None:
    world = World()
    given, answer, control = ask(body, world=world)
    assert given == status
    assert set(answer) == {"error"}
    assert says in answer["error"]
    assert not control.published
    assert not world.net.flows


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("POST", "/v1/twins", 405), ("GET", "/v1/measure", 405), ("GET", "/v1/../etc", 404)],
)
def test_there_is_nothing_else(method: str, path: str, status: int) -> None:
    given, answer, _ = ask(b"", method, path)
    assert given == status
    assert "error" in answer

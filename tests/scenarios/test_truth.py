"""The comparison with the truth notices what is wrong, and only that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.truth import complaints, events
from wallwatch.lab.scenario_file import load_named

SCENARIO = load_named("china-whatsapp-2017")
ASNS = [4134, 4837, 9808]


def line(**changes: object) -> dict[str, Any]:
    return {
        "kind": "block",
        "service": "whatsapp",
        "state": "restored",
        "functions": ["media"],
        "asns": ASNS,
        "onset": {"earliest": "2017-07-18T01:00:00Z", "latest": "2017-07-18T06:00:00Z"},
        "end": {"earliest": "2017-08-01T09:00:00Z", "latest": "2017-08-01T15:00:00Z"},
        "mechanisms": ["tls.reset.sni"],
        **changes,
    }


def right(**july: object) -> list[dict[str, Any]]:
    outage = line(
        kind="outage",
        functions=["media", "registration", "text", "web"],
        asns=[],
        mechanisms=[],
        onset={"earliest": "2017-08-15T03:00:00Z", "latest": "2017-08-15T09:00:00Z"},
        end={"earliest": "2017-08-16T03:00:00Z", "latest": "2017-08-16T09:00:00Z"},
    )
    september = line(
        functions=["media", "text"],
        mechanisms=["proto.drop", "tls.reset.sni"],
        onset={"earliest": "2017-09-19T23:00:00Z", "latest": "2017-09-20T05:00:00Z"},
        end={"earliest": "2017-09-29T03:00:00Z", "latest": "2017-09-29T09:00:00Z"},
    )
    return [september, outage, line(**july)]


def test_there_are_three_events_and_two_mechanisms_in_september() -> None:
    assert [(event.kind, event.onset.month) for event in events(SCENARIO)] == [
        ("block", 7),
        ("outage", 8),
        ("block", 9),
    ]
    assert events(SCENARIO)[2].mechanisms == {"proto.drop.noise", "tls.reset.sni"}


def test_what_is_right_is_not_complained_about() -> None:
    assert complaints(SCENARIO, right()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "outage"}, "found outage"),
        ({"functions": ["media", "text"]}, "functions"),
        ({"asns": [4134]}, "networks"),
        ({"onset": {"earliest": "2017-07-18T05:00:00Z", "latest": "2017-07-18T06:00:00Z"}}, "onset"),
        ({"end": None}, "end None"),
        ({"state": "easing"}, "easing at the end"),
        ({"mechanisms": ["tls.timeout.sni"]}, "neither true nor above"),
        ({"mechanisms": []}, "nothing is said"),
    ],
)
def test_what_is_wrong_is(changes: dict[str, object], said: str) -> None:
    assert said in " ".join(complaints(SCENARIO, right(**changes)))


def test_one_too_many_or_too_few_is_wrong() -> None:
    assert "3 incidents are true and 4 were found" in complaints(SCENARIO, [*right(), line()])[0]
    assert complaints(SCENARIO, right()[:2])

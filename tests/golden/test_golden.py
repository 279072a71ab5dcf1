"""Each case's observations and verdicts are what they were when a person last read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.golden.rewrite import cases, outputs

# What each case is about, so that a rewrite cannot silently turn its point around.
POINTS = {
    "bogon_answer": ["blocked proven dns.injection.bogon"],
    "connect_only": ["unknown", "ok"],
    "failure_at_service_only": ["blocked consistent proto.drop", "ok"],
    "intermittent_noise_reset": ["blocked proven proto.reset.noise", "ok"],
    "media_sni_reset": ["blocked proven tls.reset.sni", "ok", "ok", "ok"],
    "no_control": ["unknown"],
    "noise_drop": ["blocked proven proto.drop.noise", "ok"],
    "outage": ["down", "down"],
    "vantage_offline": ["unknown", "ok"],
    "website_address_cut": ["blocked consistent tcp.timeout"],
}


def test_no_case_was_deleted() -> None:
    assert [case.name for case in cases()] == sorted(POINTS)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_pipeline_says_what_it_said(case: Path) -> None:
    for name, content in outputs(case).items():
        assert content == json.loads((case / name).read_text()), (
            f"{case.name}/{name}: see tests/golden/rewrite.py"
        )


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_point_of_the_case(case: Path) -> None:
    found = json.loads((case / "verdicts.json").read_text())
    said = [" ".join(filter(None, (each["outcome"], each["grade"], each["mechanism"]))) for each in found]
    assert said == POINTS[case.name]

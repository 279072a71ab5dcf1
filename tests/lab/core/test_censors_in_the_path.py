"""A censor stands at its hop, sees what gets there, and everything it decides is written down."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.lab.core.client_hello import client_hello
from tests.lab.core.making import HOPS, run
from wallwatch.lab.lab import Lab
from wallwatch.lab.messages import LabError
from wallwatch.lab.scenario import Stage, StageCensor

pytestmark = pytest.mark.lab

RESET = datetime(2017, 7, 2, 12, tzinfo=UTC)
SERVER = "145.100.0.10"
CENSOR_HOP = 2


def _decisions(lab: Lab, after: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lab.truth_log.read_text().splitlines()][after:]


def _leap(lab: Lab) -> int:
    """To the stage with the censor, residual blocks forgotten; how many decisions there were before."""
    assert lab.set_instant(RESET).name == "reset"
    return len(_decisions(lab))


def test_a_listed_name_is_reset_and_the_truth_says_so(lab: Lab) -> None:
    before = _leap(lab)
    said = run(lab, "client", "send_with_ttl", SERVER, 443, 64, client_hello("site.org").hex())
    assert said == "ConnectionResetError"
    line = _decisions(lab, before)[0]
    assert (line["acted"], line["kind"], line["site"], line["stage"]) == (
        True,
        "tls_sni_reset",
        "border",
        "reset",
    )
    assert line["flow"]["dst"] == SERVER
    assert line["flow"]["dport"] == 443
    assert line["direction"] == "outbound"
    assert line["at"].startswith("2017-07-02T12:00:0")


def test_another_name_is_not(lab: Lab) -> None:
    before = _leap(lab)
    said = run(lab, "client", "send_with_ttl", SERVER, 443, 64, client_hello("other.org").hex())
    assert said == "data"
    assert _decisions(lab, before) == []


@pytest.mark.parametrize("ttl", [1, 2, 3, 4])
def test_the_censor_sees_what_its_hop_sees(lab: Lab, ttl: int) -> None:
    before = _leap(lab)
    said = run(lab, "client", "send_with_ttl", SERVER, 443, ttl, client_hello("site.org").hex())
    acted = [line for line in _decisions(lab, before) if line["acted"]]
    assert bool(acted) == (ttl >= CENSOR_HOP)
    assert said == ("ConnectionResetError" if ttl >= CENSOR_HOP else "TimeoutError")


def test_time_runs_faster_for_the_censor(lab: Lab) -> None:
    """180 s of residual block are 1.8 s at a scale of 100: it holds at once, not after a leap."""
    _leap(lab)
    hello = client_hello("site.org").hex()
    innocent = client_hello("other.org").hex()
    assert run(lab, "client", "send_with_ttl", SERVER, 443, 64, hello) == "ConnectionResetError"
    assert run(lab, "client", "send_with_ttl", SERVER, 443, 64, innocent) == "ConnectionResetError"
    lab.set_instant(RESET)
    assert run(lab, "client", "send_with_ttl", SERVER, 443, 64, innocent) == "data"


def test_a_stage_can_be_put_up_by_hand(lab: Lab) -> None:
    censor = StageCensor(
        kind="ip_drop", at=["border"], options={"networks": [f"{SERVER}/32"], "drop": "both"}
    )
    try:
        lab.set_stage(Stage(name="by hand", since=RESET, censors=[censor]))
    except LabError as error:  # its options are another helper's; the joint is ours
        pytest.fail(str(error))
    assert run(lab, "client", "ask_tcp", SERVER, 443, "?", 0.3) == "TimeoutError"
    assert lab.counters()["dropped.censor"] > 0
    assert [line["stage"] for line in _decisions(lab)][-1] == "by hand"


def test_wrong_options_are_refused_and_change_nothing(lab: Lab) -> None:
    _leap(lab)
    wrong = StageCensor(kind="tls_sni_reset", at=["border"], options={"nmes": ["site.org"]})
    with pytest.raises(LabError, match="'nmes'; did you mean 'names'"):
        lab.set_stage(Stage(name="wrong", since=RESET, censors=[wrong]))
    said = run(lab, "client", "send_with_ttl", SERVER, 443, 64, client_hello("site.org").hex())
    assert said == "ConnectionResetError"


def test_hops_answer_while_a_censor_stands_there(lab: Lab) -> None:
    _leap(lab)
    assert [where for where, *_ in run(lab, "client", "sweep", SERVER, 33434, 4)] == HOPS

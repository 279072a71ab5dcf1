"""The whole job on real packets: `wallwatch demo` concludes what is true, for one seed.

WALLWATCH_SEEDS=1,2,3 plays it for those seeds instead; how long it takes is measured by bench/demo.py.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from tests.scenarios.truth import complaints
from wallwatch.lab.scenario_file import load_named
from wallwatch.model.times import from_text

SEEDS = [int(seed) for seed in os.environ.get("WALLWATCH_SEEDS", "1").split(",")]
SCENARIO = load_named("china-whatsapp-2017")
SATURDAY = datetime(2017, 9, 23, tzinfo=UTC)

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(300)]


class Run(Struct, frozen=True):
    """What a run of the demo left."""

    incidents: list[dict[str, Any]]
    log: list[str]
    decisions: list[dict[str, Any]]  # of the censors


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed {seed}")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "wallwatch", "demo", "--json", "--exit", "--listen", "127.0.0.1:0"]
    done = subprocess.run(
        [
            *command,
            "--seed",
            str(request.param),
            "--data",
            str(folder / "data"),
            "--truth",
            str(folder / "truth.jsonl"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    decisions = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    return Run([json.loads(line) for line in done.stdout.splitlines()], done.stderr.splitlines(), decisions)


def test_the_incidents_are_the_true_ones(run: Run) -> None:
    assert complaints(SCENARIO, run.incidents) == []


def test_nothing_is_said_of_the_domestic_service(run: Run) -> None:
    assert {incident["service"] for incident in run.incidents} == {"whatsapp"}


def test_the_probe_that_was_offline_is_noted_as_quiet(run: Run) -> None:
    notes = [line for line in run.log if re.search(r"probe-9808\b.*quiet", line)]
    assert notes, "\n".join(run.log)


def test_september_is_noticed_by_the_second_round_and_confirmed_before_saturday(run: Run) -> None:
    september = max(run.incidents, key=lambda incident: incident["onset"]["latest"])
    known = {passage["state"]: from_text(passage["time"]) for passage in reversed(september["passages"])}
    onset = next(truth.onset for truth in SCENARIO.truth if truth.onset.month == 9)
    second_round = [instant for instant in SCENARIO.rounds if instant > onset][1]
    following = next(instant for instant in SCENARIO.rounds if instant > second_round)
    assert min(known.values()) < following, "noticed when the second round's results were in"
    assert known["confirmed"] < SATURDAY


def test_the_lab_lost_nothing(run: Run) -> None:
    assert not [line for line in run.log if "lost" in line]


def test_the_censors_decisions_are_on_record_the_declined_ones_too(run: Run) -> None:
    assert {decision["acted"] for decision in run.decisions} == {True, False}
    assert {"tls.reset.sni", "proto.drop.noise"} <= {decision["mechanism"] for decision in run.decisions}

"""The installed commands over real packets: three probes, a control and twins in the lab of 2017.

No station here: measurements are read from the probes' spools, which keep what no collector took.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wallwatch import exits
from wallwatch.lab import program_settings
from wallwatch.lab.lab import Lab
from wallwatch.lab.programs import COMMAND, Call, Program, call_round, end_all, wait_until_listening
from wallwatch.lab.scenario_file import load_named
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.evidence import gather
from wallwatch.pipeline.judge import judge
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.observe import observe

pytestmark = pytest.mark.lab

ROLES = {
    "probe": (program_settings.probe_settings, ["probe", "run"], ["--rounds", "-"]),
    "control": (program_settings.control_settings, ["control"], ["--rounds", "-"]),
    "twin": (program_settings.control_settings, ["control"], ["--twins-only"]),
}
PATIENCE = 60.0  # seconds; a round takes 4 at most


class Crew:
    """The lab with its programs."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self.programs: dict[str, Program] = {}
        self._number = 0
        services = ("whatsapp", "weibo")
        self._whereabouts = program_settings.Whereabouts(
            services=services, noise_root=lab.noise_root, homes=folder
        )

    def start(self) -> None:
        for host in self.lab.scenario.hosts:
            if host.role in ROLES:
                _, command, options = ROLES[host.role]
                arguments = [*command, "--config", str(self.config(host.name)), *options]
                self.programs[host.name] = Program.start(
                    self.lab, host.name, arguments, self.folder / f"{host.name}.log"
                )
        for name, port in (("control-nl", program_settings.CONTROL_PORT), ("twin", 443)):
            wait_until_listening(self.lab, self.programs[name], self.lab.scenario.host(name), port, 20)

    def config(self, name: str) -> Path:
        host = self.lab.scenario.host(name)
        path = self.folder / f"{name}.toml"
        path.write_text(ROLES[host.role][0](self.lab.scenario, host, self._whereabouts))
        return path

    def round(self, instant: datetime) -> tuple[dict[tuple[int, str], Verdict], list[dict[str, Any]], float]:
        """Call a round: verdicts by network and target, the measurements, the seconds it took."""
        self.lab.set_instant(instant)
        began = time.monotonic()
        self._number += 1
        control = self.programs["control-nl"]
        probes = [program for name, program in self.programs.items() if name not in ("twin", "control-nl")]
        call_round(Call(number=self._number, instant=instant, patience=PATIENCE), [control], probes)
        seconds = time.monotonic() - began
        contents = []
        for path in sorted(self.folder.glob("*/spool/*.json")):
            contents.append(path.read_bytes())
            path.unlink()
        rows = [row for content in contents for row in observe(decode(content))]
        own = [row for row in rows if row.vantage.role == "probe"]
        theirs = [row for row in rows if row.vantage.role == "control"]
        verdicts = [judge(evidence, "test") for evidence in gather(own, theirs)]
        measurements = [msgspec.json.decode(content) for content in contents]
        return {(v.probe_asn, v.target or ""): v for v in verdicts}, measurements, seconds


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    folder = tmp_path_factory.mktemp("lab")
    with Lab.start(load_named("china-whatsapp-2017"), seed=11, folder=folder) as lab:
        made = Crew(lab, folder)
        made.start()
        try:
            yield made
        finally:
            end_all(list(made.programs.values()))
        assert not any(lab.lost().values())


def at(*moment: int) -> datetime:
    return datetime(2017, *moment, tzinfo=UTC)


def test_all_well(crew: Crew) -> None:
    verdicts, measurements, seconds = crew.round(at(7, 14, 2))
    assert len(verdicts) == 3 * 5
    assert {verdict.outcome for verdict in verdicts.values()} == {Outcome.OK}
    assert seconds < 5  # 0.5 s on two idle cores
    own = {address for host in crew.lab.scenario.hosts if host.role == "probe" for address in host.addresses}
    for measurement in measurements:
        assert measurement["measurement_start_time"].startswith("2017-07-14 02:00:0")
        assert measurement["probe_ip"] == "127.0.0.1"
        text = json.dumps(measurement)
        assert not any(f'"{address}' in text for address in own)
    handshakes = [h for m in measurements for h in m["test_keys"]["x_handshakes"]]
    assert {h["rung"] for h in handshakes if h["function"] == "media"} == {5}
    assert {h["auth"]["method"] for h in handshakes if h["function"] == "text"} == {"noise_cert_chain"}


def test_media_blocked_by_name(crew: Crew) -> None:
    verdicts, measurements, _ = crew.round(at(7, 18, 6))
    for asn in (4134, 4837, 9808):
        media = verdicts[asn, "whatsapp/media"]
        assert (media.outcome, media.grade, media.mechanism) == (
            Outcome.BLOCKED,
            Grade.PROVEN,
            "tls.reset.sni",
        )
        others = {v.outcome for (a, target), v in verdicts.items() if a == asn and target != "whatsapp/media"}
        assert others == {Outcome.OK}
    trials = [h for m in measurements for h in m["test_keys"]["x_handshakes"] if h["trial"]]
    arms = Counter((h["trial"]["arm"]["payload"], h["trial"]["arm"]["address"]) for h in trials)
    assert arms["trigger", "neutral"] == arms["neutral", "neutral"]
    assert all(h["failure"] is None for h in trials if h["trial"]["arm"]["payload"] == "neutral")


def test_an_outage_is_down(crew: Crew) -> None:
    verdicts, _, _ = crew.round(at(8, 15, 9))
    outcomes = {(v.service, v.outcome) for v in verdicts.values()}
    assert outcomes == {("whatsapp", Outcome.DOWN), ("weibo", Outcome.OK)}


def test_text_dropped_by_its_first_bytes(crew: Crew) -> None:
    verdicts, _, seconds = crew.round(at(9, 24, 2))
    for asn in (4134, 4837, 9808):
        text = verdicts[asn, "whatsapp/text"]
        assert (text.outcome, text.grade, text.mechanism) == (
            Outcome.BLOCKED,
            Grade.PROVEN,
            "proto.drop.noise",
        )
        assert verdicts[asn, "whatsapp/web"].outcome is Outcome.OK
        assert verdicts[asn, "weibo/web"].outcome is Outcome.OK
    assert seconds < 10  # 2.4 s on two idle cores


def test_a_lifted_block_is_ok_at_once(crew: Crew) -> None:
    verdicts, _, _ = crew.round(at(10, 3, 2))
    assert {verdict.outcome for verdict in verdicts.values()} == {Outcome.OK}


def check(crew: Crew, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """`wallwatch check --json` in a probe's host: exit status, lines, standard error."""
    command = [*COMMAND, "check", "--json", "--config", str(crew.config("probe-4134")), *arguments]
    process = crew.lab.exec("probe-4134", command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, [json.loads(line) for line in out.splitlines()], errors


def test_check_finds_the_block_and_says_so_by_its_exit_status(crew: Crew) -> None:
    crew.lab.set_instant(at(9, 24, 14))
    status, lines, _ = check(crew)
    assert status == exits.BAD_ANSWER
    blocked = {line["target"]: line["mechanism"] for line in lines if line["outcome"] == "blocked"}
    assert blocked == {"whatsapp/media": "tls.reset.sni", "whatsapp/text": "proto.drop.noise"}


def test_check_without_a_line_calls_nothing_blocked(crew: Crew) -> None:
    crew.lab.set_instant(at(9, 24, 14))
    crew.lab.set_offline("probe-4134")
    status, lines, errors = check(crew, "whatsapp")
    crew.lab.set_offline("probe-4134", offline=False)
    assert status == exits.CANNOT_TELL
    assert {line["outcome"] for line in lines} == {"unknown"}
    assert "no working internet connection" in errors

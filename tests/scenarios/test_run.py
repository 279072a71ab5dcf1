"""The orchestrator with small scripts as programs: order, failures, and that nothing stays behind."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.scenarios import fake_lab
from tests.scenarios.fake_lab import FakeLab
from wallwatch.lab.programs import ProgramFailed
from wallwatch.lab.run import Plan, Progress, play
from wallwatch.lab.scenario import Scenario
from wallwatch.lab.scenario_file import parse

SCENARIO = """
name = "small"
title = "Small"
source = "made up"
summary = "two probes, two rounds"
rounds = [2017-07-17T02:00:00Z, 2017-07-18T06:00:00Z]
time.scale = 300.0

networks = [
  { name = "telecom", asn = 4134, cc = "CN", title = "China Telecom", region = "china" },
  { name = "mobile", asn = 9808, cc = "CN", title = "China Mobile", region = "china" },
  { name = "surf", asn = 1103, cc = "NL", title = "SURF", region = "abroad" },
]
hosts = [
  { name = "probe-b", network = "mobile", role = "probe", addresses = ["120.196.32.10"], resolver = "dns" },
  { name = "probe-a", network = "telecom", role = "probe", addresses = ["101.95.40.10"], resolver = "dns" },
  { name = "dns", network = "telecom", role = "resolver", addresses = ["101.95.40.53"] },
  { name = "control", network = "surf", role = "control", addresses = ["145.100.20.10"] },
  { name = "twin", role = "twin", network = "surf", addresses = ["9.9.9.9"], prefixes = ["95.217.40.64/30"] },
  { name = "station", network = "surf", role = "station", addresses = ["51.75.60.10"] },
]
stages = [{ name = "bad days", from = 2017-07-18T00:00:00Z }]
"""


@pytest.fixture
def scenario() -> Scenario:
    return parse(SCENARIO.encode())


@pytest.fixture
def plan(scenario: Scenario, tmp_path: Path) -> Plan:
    for name in ("run", "data"):
        (tmp_path / name).mkdir()
    return Plan(scenario=scenario, folder=tmp_path / "run", data=tmp_path / "data", services=("whatsapp",))


@pytest.fixture
def lab(scenario: Scenario, tmp_path: Path) -> Iterator[FakeLab]:
    diaries = tmp_path / "diaries"
    diaries.mkdir()
    lab = FakeLab(scenario, diaries)
    yield lab
    left = lab.alive
    for process in left:
        process.kill()
        process.wait()
    assert left == [], "processes were left behind"


def test_every_vantage_works_every_round_and_then_the_station(lab: FakeLab, plan: Plan) -> None:
    played = list(play(lab, plan))
    assert [(p.round, p.total, p.instant, p.stage) for p in played] == [
        (1, 2, plan.scenario.rounds[0], "before"),
        (2, 2, plan.scenario.rounds[1], "bad days"),
    ]
    assert lab.instants == plan.scenario.rounds
    times = {}
    for host in ("control", "probe-a", "probe-b", "station"):
        _, first, second, end = lab.diary(host)
        assert first.startswith("round 1 at 2017-07-17T02:00:00Z")
        assert second.startswith("round 2 at 2017-07-18T06:00:00Z")
        times[host] = [float(line.split()[-1]) for line in (first, second, end)]
    for vantage in ("control", "probe-a", "probe-b"):
        for number in (0, 1):
            assert times[vantage][number] + 0.05 <= times["station"][number]
        assert times[vantage][2] < times["station"][2], "the station ends last"


def test_vantages_work_at_once(lab: FakeLab, plan: Plan) -> None:
    """The probes wait until the control has set its clock, and not until it is done."""
    list(play(lab, plan))
    starts = [float(lab.diary(host)[1].split()[-1]) for host in ("control", "probe-a", "probe-b")]
    assert max(starts) - min(starts) < 0.2, "one waited for another to be done"


def test_each_role_runs_its_command_with_its_settings(lab: FakeLab, plan: Plan) -> None:
    list(play(lab, plan))
    commands = {host: lab.diary(host)[0].split() for host in ("control", "probe-a", "twin", "station")}
    config = str(plan.folder / "settings" / "probe-a.toml")
    assert commands["probe-a"][-6:] == ["probe", "run", "--config", config, "--rounds", "-"]
    assert commands["twin"][-4] == "control"
    assert commands["twin"][-1] == "--twins-only"
    assert commands["control"][-5] == "control"
    assert "up" in commands["station"]
    assert str(plan.data) in commands["station"]


def test_settings_name_network_control_collector_and_pin(lab: FakeLab, plan: Plan) -> None:
    list(play(lab, plan))
    probe = tomllib.loads((plan.folder / "settings" / "probe-b.toml").read_text())
    assert probe["probe"] == {
        "id": "probe-b",
        "cc": "CN",
        "asn": 9808,
        "network_name": "China Mobile",
        "resolver_asn": 4134,
        "services": ["whatsapp"],
        "home": str(plan.folder / "homes" / "probe-b"),
        "consent": True,
        "collector": "http://51.75.60.10:8788",
        "control": "http://145.100.20.10:8790",
    }
    assert probe["network"]["pace_seconds"] == pytest.approx(0.7)
    assert probe["pins"] == {"whatsapp_noise_root": "ab" * 32}
    control = tomllib.loads((plan.folder / "settings" / "control.toml").read_text())
    assert control["control"]["twins"] == [f"95.217.40.{n}" for n in (64, 65, 66, 67)]
    assert control["control"]["listen"] == "145.100.20.10:8790"


def test_the_station_is_handed_the_page_socket(lab: FakeLab, plan: Plan, tmp_path: Path) -> None:
    import socket

    from msgspec.structs import replace

    with socket.create_server(("127.0.0.1", 0)) as page:
        list(play(lab, replace(plan, page=page.fileno())))
        assert str(page.fileno()) in lab.diary("station")[0].split()
        assert str(page.fileno()) not in lab.diary("probe-a")[0].split()


@pytest.mark.parametrize("host", ["probe-b", "control", "station"])
def test_a_program_that_ends_is_named_with_its_last_words(lab: FakeLab, plan: Plan, host: str) -> None:
    lab.scripts[host] = fake_lab.CRASHES
    with pytest.raises(ProgramFailed, match=rf"(?s){host} has ended \(exit status 4\).*full of eels"):
        list(play(lab, plan))


def test_a_program_that_hangs_is_named_with_its_last_words(lab: FakeLab, plan: Plan) -> None:
    from msgspec.structs import replace

    lab.scripts["probe-a"] = fake_lab.HANGS
    with pytest.raises(ProgramFailed, match=r"(?s)probe-a has not finished round 1 within 1 s\..*Godot"):
        list(play(lab, replace(plan, round_seconds=0.6)))


def test_a_program_that_says_something_else_is_named(lab: FakeLab, plan: Plan) -> None:
    lab.scripts["probe-a"] = fake_lab.BABBLES
    with pytest.raises(ProgramFailed, match="probe-a said 'hello, this is no JSON'"):
        list(play(lab, plan))


@pytest.mark.parametrize("host", ["station", "control", "twin"])
def test_who_never_listens_is_named(lab: FakeLab, plan: Plan, host: str) -> None:
    lab.scripts[f"wait {host}"] = fake_lab.IS_TOO_LATE
    with pytest.raises(ProgramFailed, match=f"{host} does not listen at port"):
        list(play(lab, plan))


def test_who_ends_before_it_listens_is_not_waited_for(lab: FakeLab, plan: Plan) -> None:
    lab.scripts["station"] = fake_lab.REFUSES
    lab.scripts["wait station"] = fake_lab.HANGS
    with pytest.raises(ProgramFailed, match=r"(?s)station has ended \(exit status 2\).*needs the station"):
        list(play(lab, plan))


def test_stopping_early_ends_every_program(lab: FakeLab, plan: Plan) -> None:
    lab.scripts["probe-a"] = fake_lab.IGNORES_SIGTERM
    with closing(play(lab, plan)) as playing:
        first = next(playing)
        assert isinstance(first, Progress)
        assert len(lab.alive) == 5
    assert lab.alive == []


def test_the_programs_stay_until_the_last_round_has_been_looked_at(lab: FakeLab, plan: Plan) -> None:
    with closing(play(lab, plan)) as playing:
        assert next(playing).round == 1
        assert next(playing).round == 2
        assert len(lab.alive) == 5


def test_packets_lost_by_accident_are_told(lab: FakeLab, plan: Plan) -> None:
    lab.lost = 7
    assert [progress.lost for progress in play(lab, plan)] == [7, 7]


def test_the_pcap_begins_before_the_programs(lab: FakeLab, plan: Plan, tmp_path: Path) -> None:
    from msgspec.structs import replace

    with closing(play(lab, replace(plan, pcap=tmp_path / "all.pcap"))) as playing:
        next(playing)
        assert lab.pcap == tmp_path / "all.pcap"

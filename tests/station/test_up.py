"""`wallwatch up` as a process: in rounds and by itself, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.station.rounds import ROUNDS, START, STEP, Json, round_of
from wallwatch import exits
from wallwatch.model.times import to_rfc3339

WALLWATCH = (sys.executable, "-m", "wallwatch")


class Station:
    """A running `wallwatch up` with its two addresses."""

    def __init__(self, process: subprocess.Popen[bytes], pages: str, collector: str) -> None:
        self.process = process
        self.pages = pages
        self.collector = collector

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.pages + path, timeout=20) as answer:
            return json.loads(answer.read())

    def submit(self, made: Json) -> str:
        body = json.dumps({"format": "json", "content": made}).encode()
        request = urllib.request.Request(self.collector + "/api/v1/submit_measurement", data=body)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.loads(answer.read())["measurement_uid"])

    def round(self, number: int) -> None:
        line = {"round": number, "instant": to_rfc3339(START + number * STEP)}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()
        for done in (False, True):
            assert json.loads(self.process.stdout.readline()) == {"round": number, "done": done}


@contextmanager
def running(data: Path, *options: str) -> Iterator[Station]:
    """Pages on an inherited socket, the collector on another; both listen before the program begins."""
    with (
        socket.create_server(("127.0.0.1", 0)) as pages,
        socket.create_server(("127.0.0.1", 0)) as collector,
    ):
        descriptors = (pages.fileno(), collector.fileno())
        process = subprocess.Popen(
            [
                *(*WALLWATCH, "up", "--data", str(data), "--listen", f"fd:{descriptors[0]}"),
                *("--collector-listen", f"fd:{descriptors[1]}", *options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=descriptors,
        )
        names = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in (pages, collector)]
    try:
        yield Station(process, *names)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*WALLWATCH, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """All rounds played through a running station; what its pages said at the end."""
    data = tmp_path_factory.mktemp("up") / "data"
    with running(data, "--rounds", "-") as station:
        for number in range(ROUNDS):
            for made in round_of(number):
                station.submit(made)
            station.round(number)
        [incident] = station.get("/api/v1/incidents")
        said = {
            "incident": incident,
            "dossier": station.get(f"/api/v1/incidents/{incident['id']}"),
            "status": station.get("/api/v1/status"),
            "strips": station.get("/api/v1/strips"),
            "log": station.get("/api/v1/log"),
            "vantages": station.get("/api/v1/vantages"),
            "measurement": station.get(f"/api/v1/measurements/{incident['witnesses'][0]}"),
            "late": station.submit(round_of(0)[1] | {"input": "late"}),
        }
        assert station.process.stdin is not None
        station.process.stdin.close()
        assert station.process.wait(20) == exits.DONE
    return data, said


def test_pages_and_api_tell_what_happened(played: tuple[Path, dict[str, Any]]) -> None:
    _, said = played
    assert said["incident"]["state"] == "restored"
    assert said["status"]["measurements"] == 6 * ROUNDS
    assert said["status"]["rounds"] == ROUNDS
    assert said["status"]["now"].startswith("2017-09-24T14")
    assert {strip["asn"] for strip in said["strips"]} == {4134, 4837, 9808}
    assert all(len(strip["slots"]) == ROUNDS for strip in said["strips"])
    assert [note["state"] for note in said["log"]] == [step["state"] for step in said["incident"]["passages"]]
    assert {one["probe_id"] for one in said["vantages"]} == {"cn-4134", "cn-4837", "cn-9808", "control-nl"}
    [trials] = said["dossier"]["evidence"]["trials"]
    assert trials["networks"] == 3
    assert said["measurement"]["document"]["test_name"] == "service_functions"


def test_what_came_after_the_last_round_is_taken_in_too(played: tuple[Path, dict[str, Any]]) -> None:
    data, said = played
    lines = run("verdicts", "--data", str(data)).stdout.splitlines()
    assert said["late"] in {json.loads(line)["measurement_uid"] for line in lines}


@pytest.mark.real_data
def test_lines_keep_the_contracts(played: tuple[Path, dict[str, Any]], shared: Path) -> None:
    data, said = played
    for command, contract in (
        (("verdicts",), "verdict"),
        (("verdicts", "--per", "measurement"), "verdict"),
        (("incidents",), "incident"),
    ):
        schema = json.loads((shared / "contracts" / f"{contract}.schema.json").read_text())
        checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        result = run(*command, "--data", str(data), "--format", "jsonl")
        assert result.returncode == exits.DONE
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert lines
        for line in lines:
            checker.validate(line)
        if contract == "incident":
            assert [line["id"] for line in lines] == [said["incident"]["id"]]


def test_filters_and_formats(played: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    data = str(played[0])
    blocked = run("verdicts", "--data", data, "--cc", "cn", "--outcome", "blocked", "--asn", "4134")
    assert len(blocked.stdout.splitlines()) == 6
    assert run("verdicts", "--data", data, "--since", "2018-01-01").stdout == ""
    table = run("verdicts", "--data", data, "--format", "csv", "--service", "whatsapp").stdout.splitlines()
    assert table[0].startswith("measurement_uid,test_name,service,function,target")
    file = tmp_path / "verdicts.parquet"
    run("verdicts", "--data", data, "--format", "parquet", "-o", str(file))
    from pyarrow import parquet

    assert parquet.read_table(file).num_rows == 6 * ROUNDS + 1
    assert run("incidents", "--data", data, "--kind", "outage").stdout == ""
    assert run("incidents", "--data", data, "--counts", "x.csv").returncode == exits.WRONG_USE
    heard = [json.loads(line) for line in run("vantages", "--data", data, "--json").stdout.splitlines()]
    assert {one["probe_id"] for one in heard} >= {"cn-4134", "cn-4837", "cn-9808", "control-nl"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path / "data") as station:
        uid = station.submit(round_of(4)[1])
        assert station.get("/api/v1/status")["open_incidents"] == 0
        station.process.send_signal(number)
        _, said = station.process.communicate(timeout=20)
        assert station.process.returncode == exits.DONE, said
        assert b"Traceback" not in said
    found = run("verdicts", "--data", str(tmp_path / "data"))
    assert found.returncode == exits.DONE
    assert uid  # acknowledged: the next step, of whatever command, takes it in
    with running(tmp_path / "data", "--rounds", "-") as station:
        station.round(1)
        assert station.get("/api/v1/status")["measurements"] == 1


def test_killed_it_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    with running(tmp_path / "data") as station:
        uids = {station.submit(made) for number in range(5) for made in round_of(number)}
        station.process.kill()
        station.process.wait()
    with running(tmp_path / "data", "--rounds", "-") as station:
        station.round(1)
        assert station.get("/api/v1/status")["measurements"] == len(uids) == 30


def test_a_line_that_is_no_round_is_wrong_use(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--rounds", "-") as station:
        _, said = station.process.communicate(b"round 12\n", timeout=20)
        assert station.process.returncode == exits.WRONG_USE
        assert b"--rounds -" in said


def test_a_taken_port_is_refused_with_who_has_it_and_a_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = run("up", "--data", str(tmp_path / "data"), "--listen", address)
        assert refused.returncode == exits.WRONG_USE
        assert f"{address} is taken by" in refused.stderr
        assert f"(process {os.getpid()})" in refused.stderr
        free = refused.stderr.rsplit("--listen ", 1)[1].strip()
        socket.create_server(("127.0.0.1", int(free.rsplit(":", 1)[1]))).close()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("where", ["localhost", "127.0.0.1:99999", "fd:x", "fd:0", "203.0.113.1:80"])
def test_a_place_where_nobody_can_listen_is_refused(where: str, tmp_path: Path) -> None:
    refused = run("up", "--data", str(tmp_path / "data"), "--listen", where)
    assert refused.returncode == exits.WRONG_USE
    assert "--listen" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_newer_data_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wallwatch.json").write_text('{"format": 7, "written_by": "8.1"}')
    anywhere = ("--listen", "127.0.0.1:0", "--collector-listen", "none")
    for command, *options in (("up", *anywhere), ("verdicts",), ("incidents",), ("vantages",)):
        refused = run(command, "--data", str(tmp_path), *options)
        assert refused.returncode == exits.WRONG_USE
        assert "8.1" in refused.stderr

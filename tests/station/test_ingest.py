"""`wallwatch ingest`: everything is archived or in quarantine, and the second time changes nothing."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from deltalake import DeltaTable

from tests.collector.submissions import measurement
from tests.station.rounds import ROUNDS, contents, round_of
from wallwatch import exits
from wallwatch.archive.folder import DataFolder, open_folder
from wallwatch.archive.quarantine import Quarantine
from wallwatch.archive.segments import Archive
from wallwatch.cli import main
from wallwatch.collector.arrivals import identify
from wallwatch.commands.ingest import COMMAND
from wallwatch.lake.reading import Reading
from wallwatch.refusal import Refusal

BODY_TESTS = ("whatsapp", "telegram", "signal", "web_connectivity")


def ingest(data: Path, *paths: Path, workers: int = 1) -> dict[str, Any]:
    arguments = [*map(str, paths), "--data", str(data), "--workers", str(workers), "--json"]
    result = CliRunner().invoke(COMMAND, arguments, catch_exceptions=False)
    assert result.exit_code == exits.DONE, result.output
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


def everything(folder: DataFolder) -> dict[str, bytes]:
    """Every file of a data folder but the databases, whose bytes say nothing."""
    return {
        str(path.relative_to(folder.path)): path.read_bytes()
        for path in sorted(folder.path.rglob("*"))
        if path.is_file() and ".db" not in path.name
    }


def lines(folder: DataFolder) -> list[bytes]:
    with Archive(folder.archive, identify) as archive:
        return [record.line for record in archive.since(0)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with good and bad files of each kind."""
    path = tmp_path / "input"
    path.mkdir()
    good = [json.dumps(measurement(number)).encode() for number in range(6)]
    (path / "pretty.json").write_text(json.dumps(measurement(0), indent=1))
    (path / "some.jsonl").write_bytes(b"\n".join(good[:3]))
    packed = gzip.compress(b"\n".join(good[3:5]) + b"\n") + gzip.compress(good[5])
    (path / "cut.jsonl.gz").write_bytes(packed[:-12])
    (path / "binary.bin").write_bytes(os.urandom(5000))
    (path / "empty.json").write_bytes(b"")
    (path / "other.json").write_text('{"temperature": 21}')
    (path / "no_time.json").write_text('{"test_name": "x", "test_keys": {}}')
    return path


def test_every_file_is_archived_or_in_quarantine(source: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    summary = ingest(data, source)
    assert (summary["files"], summary["measurements"]) == (7, 6)
    assert (summary["new"], summary["duplicate"], summary["quarantined"]) == (5, 1, 5)
    assert summary["reasons"] == {
        "empty": 1,
        "no measurement_start_time": 1,
        "not JSON": 1,
        "not a measurement": 1,
        "truncated gzip": 1,
    }
    labels = Quarantine(data / "quarantine").labels()
    assert Counter(label.reason for label in labels) == summary["reasons"]
    assert {label.source for label in labels} == {
        "input/cut.jsonl.gz",
        "input/binary.bin",
        "input/empty.json",
        "input/other.json",
        "input/no_time.json",
    }


def test_the_second_time_changes_nothing(source: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    ingest(data, source)
    folder = open_folder(data, create=False)
    before, versions = everything(folder), Reading(folder.lake).versions()
    summary = ingest(data, source)
    assert (summary["new"], summary["duplicate"], summary["quarantined"]) == (0, 6, 5)
    assert everything(folder) == before
    assert Reading(folder.lake).versions() == versions


def test_several_workers_make_the_same(source: Path, tmp_path: Path) -> None:
    for number in range(ROUNDS):
        (source / f"round{number}.json").write_text("\n".join(map(json.dumps, round_of(number))))
    one = ingest(tmp_path / "one", source)
    three = ingest(tmp_path / "three", source, workers=3)
    assert {**one, "seconds": 0} == {**three, "seconds": 0}
    assert one["new"] == 5 + 6 * ROUNDS
    folders = [open_folder(tmp_path / name, create=False) for name in ("one", "three")]
    assert contents(folders[0]) == contents(folders[1])
    assert sorted(lines(folders[0])) == sorted(lines(folders[1]))


def test_a_body_upgrades_a_row_of_a_listing_and_not_the_other_way_round(tmp_path: Path) -> None:
    body = measurement(1, test_name="telegram", test_keys={"tcp_connect": []})
    uid = "20221110112405.003769_CN_telegram_56e03d764ee82e8f"
    row = {
        "measurement_uid": uid, "probe_cc": "CN", "probe_asn": "AS4134", "test_name": "telegram",
        "input": None, "measurement_start_time": "2017-09-20T02:00:00Z", "anomaly": True, "confirmed": False,
        "failure": False, "scores": {},
    }  # fmt: skip
    listing, answer = tmp_path / "listing.json", tmp_path / "answer.json"
    listing.write_text(json.dumps({"metadata": {"count": 1}, "results": [row]}))
    answer.write_text(json.dumps({**row, "raw_measurement": json.dumps(body)}))
    data = tmp_path / "data"
    assert ingest(data, listing)["new"] == 1
    folder = open_folder(data, create=False)
    [described] = Reading(folder.lake).rows("vantages")
    assert described["measurements"] == 1
    upgraded = ingest(data, answer)
    assert (upgraded["new"], upgraded["upgraded"], upgraded["duplicate"]) == (1, 1, 0)
    again = ingest(data, listing, answer)
    assert (again["new"], again["duplicate"]) == (0, 2)
    [line] = lines(folder)
    assert json.loads(line) == {"measurement_uid": uid, **body}
    assert {name: len(rows) for name, rows in contents(folder).items() if rows}["measurements"] == 1


def test_a_postcan_says_its_uid_by_its_name(tmp_path: Path) -> None:
    uid = "20221110112405.003769_CN_telegram_56e03d764ee82e8f"
    can = tmp_path / f"{uid}.post"
    can.write_text(json.dumps({"format": "json", "content": measurement(1)}))
    ingest(tmp_path / "data", can)
    with Archive(tmp_path / "data" / "archive", identify) as archive:
        assert archive.has(uid)


def test_wrong_use_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refusal, match="There is no"):
        CliRunner().invoke(
            COMMAND, [str(tmp_path / "nowhere"), "--data", str(tmp_path / "d")], standalone_mode=False,
            catch_exceptions=False,
        )  # fmt: skip
    (tmp_path / "wallwatch.json").write_text('{"format": 99, "written_by": "9.9"}')
    with pytest.raises(SystemExit) as ended:
        main(["ingest", str(tmp_path), "--data", str(tmp_path)])
    assert ended.value.code == exits.WRONG_USE
    assert "9.9" in capsys.readouterr().err


def test_interrupted_it_can_be_run_again(tmp_path: Path) -> None:
    source, data = tmp_path / "many.jsonl", tmp_path / "data"
    with source.open("w") as file:
        for number in range(4000):
            file.write(json.dumps(measurement(number, padding="x" * 500)) + "\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "wallwatch", "ingest", str(source), "--data", str(data), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and not list(data.glob("archive/*/*/*.zst")):
        pass
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode in (exits.INTERRUPTED, exits.DONE)
    assert b"Traceback" not in said
    summary = ingest(data, source)
    assert summary["new"] + summary["duplicate"] == 4000
    found = contents(open_folder(data, create=False))
    assert len(found["measurements"]) == len(set(found["measurements"])) == 4000


@pytest.mark.real_data
def test_all_real_files_are_read_or_in_quarantine_with_a_reason(shared: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    summary = ingest(data, shared / "data" / "ooni-raw")
    jsonschema.validate(summary, json.loads((shared / "contracts" / "ingest.schema.json").read_text()))
    assert {**summary, "seconds": 0} == {
        "files": 80, "measurements": 81, "new": 81, "upgraded": 0, "duplicate": 0, "quarantined": 0,
        "reasons": {}, "seconds": 0,
    }  # fmt: skip
    folder = open_folder(data, create=False)
    before = everything(folder)
    kept = DeltaTable(folder.lake / "observations").to_pyarrow_table(columns=["test_name", "measurement_uid"])
    observed = Counter(kept["test_name"].to_pylist())
    measured = Counter(name for name, _ in set(zip(*kept.to_pydict().values(), strict=True)))
    assert {name: measured[name] for name in BODY_TESTS} == {
        "whatsapp": 3, "telegram": 3, "signal": 5, "web_connectivity": 30,
    }  # fmt: skip
    assert sum(measured.values()) == 81
    assert all(observed[name] > measured[name] for name in BODY_TESTS)
    second = ingest(data, shared / "data" / "ooni-raw")
    assert (second["new"], second["duplicate"], second["quarantined"]) == (0, 81, 0)
    assert everything(folder) == before


@pytest.mark.real_data
def test_real_files_in_other_packings_are_the_same_measurements(shared: Path, tmp_path: Path) -> None:
    data, real = tmp_path / "data", shared / "data" / "ooni-raw"
    ingest(data, real)
    with Archive(data / "archive", identify) as archive:
        archived = [record.line for record in archive.since(0)]
    again = tmp_path / "again.jsonl.gz"
    again.write_bytes(gzip.compress(b"\n".join(archived)))
    summary = ingest(data, again)
    assert (summary["new"], summary["duplicate"]) == (0, 81)

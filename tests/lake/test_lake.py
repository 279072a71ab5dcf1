"""The lake gives back what was put in, also beside other writers and after tidying."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from msgspec import structs

from tests.lake.values import CELL, EVIDENCE, INCIDENT, OBSERVATION, SAMPLES, START, UID, VERDICT
from wallwatch.lake import lake as lake_module
from wallwatch.lake.columns import rows_of, table_of
from wallwatch.lake.lake import Lake, SchemaError
from wallwatch.lake.reading import Reading
from wallwatch.lake.tables import CELLS, INCIDENTS, MEASUREMENTS, OBSERVATIONS, TABLES, VERDICTS

ALL = {"ccs": [], "asns": [], "services": [], "functions": [], "since": None, "until": None}
ALL_VERDICTS = {**ALL, "tests": [], "outcomes": []}

APPENDER = """
import sys
from pathlib import Path
from msgspec import structs
from tests.lake.values import VERDICT
from wallwatch.lake.lake import Lake
from wallwatch.lake.tables import VERDICTS
lake = Lake(Path(sys.argv[1]))
for number in range(10):
    lake.append(VERDICTS, [structs.replace(VERDICT, measurement_uid=f"{sys.argv[2]}-{number}")])
"""


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_value_comes_back_as_it_went(name: str, tmp_path: Path) -> None:
    table = TABLES[name]
    samples = SAMPLES[name]
    for sample in samples:
        assert set(table.row(sample)) == set(table.schema.names)
    Lake(tmp_path).append(table, samples)
    handle = DeltaTable(tmp_path / name)
    assert [table.value(row) for row in rows_of(handle.to_pyarrow_table())] == list(samples)
    assert [
        table.value(row) for row in rows_of(table_of(table.schema, [table.row(s) for s in samples]))
    ] == list(samples)


def test_queries_read_what_was_written(tmp_path: Path) -> None:
    lake, reading = Lake(tmp_path), Reading(tmp_path)
    assert reading.values(VERDICTS, "verdicts", **ALL_VERDICTS) == []
    lake.append(VERDICTS, [VERDICT])
    assert reading.values(VERDICTS, "verdicts", **ALL_VERDICTS) == [VERDICT]
    other = structs.replace(VERDICT, measurement_uid="other", probe_cc="RU")
    lake.append(VERDICTS, [other])
    assert reading.values(VERDICTS, "verdicts", **{**ALL_VERDICTS, "ccs": ["RU", "IR"]}) == [other]
    hostile = "CN' OR 1=1 --"
    assert reading.values(VERDICTS, "verdicts", **{**ALL_VERDICTS, "ccs": [hostile]}) == []
    late = {**ALL_VERDICTS, "since": START + timedelta(seconds=1)}
    assert reading.values(VERDICTS, "verdicts", **late) == []
    lake.overwrite(CELLS, [CELL])
    assert reading.values(CELLS, "all_cells") == [CELL]
    lake.overwrite(INCIDENTS, [INCIDENT])
    asked = {**ALL, "asns": [4837], "kinds": [], "states": ["restored"]}
    assert reading.values(INCIDENTS, "incidents", **asked) == [INCIDENT]
    assert reading.values(INCIDENTS, "incidents", **{**asked, "asns": [1]}) == []


@pytest.mark.parametrize("name", ["with blank", "a*?", "汉字 é", "quote ' \" ; --", "~#&+=@{}"])
def test_a_folder_may_have_any_name(name: str, tmp_path: Path) -> None:
    root = tmp_path / name
    (tmp_path / "a").mkdir()
    Lake(root).append(VERDICTS, [VERDICT])
    assert Reading(root).values(VERDICTS, "telling_verdicts") == [VERDICT]
    assert len(Lake(root).files(VERDICTS)) == 1
    assert Path(Lake(root).files(VERDICTS)[0]).is_file()


def test_removing_takes_all_rows_of_a_measurement_and_no_other(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    hostile = "x' OR '1'='1"
    rows = [structs.replace(VERDICT, measurement_uid=uid) for uid in ("a", "a", "b", hostile)]
    lake.append(VERDICTS, rows)
    lake.remove(VERDICTS, {"a", "no such"})
    reading = Reading(tmp_path)
    left = [verdict.measurement_uid for verdict in reading.values(VERDICTS, "telling_verdicts")]
    assert sorted(left) == ["b", hostile]
    lake.remove(VERDICTS, {hostile})
    assert [verdict.measurement_uid for verdict in reading.values(VERDICTS, "telling_verdicts")] == ["b"]


def test_a_cursor_goes_in_with_its_rows(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.cursor(MEASUREMENTS, "g1") == 0
    lake.append(MEASUREMENTS, [], cursor=("g1", 41))
    lake.append(MEASUREMENTS, [], cursor=("g1", 42))
    assert Lake(tmp_path).cursor(MEASUREMENTS, "g1") == 42
    assert Lake(tmp_path).cursor(MEASUREMENTS, "g2") == 0


def test_tidying_changes_files_and_no_rows(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for number in range(lake_module.SMALL_FILES + 1):
        lake.append(VERDICTS, [structs.replace(VERDICT, measurement_uid=f"uid-{number}")])
    reading = Reading(tmp_path)
    before = {one.measurement_uid for one in reading.values(VERDICTS, "telling_verdicts")}
    lake.tidy()
    assert len(lake.files(VERDICTS)) == 1
    assert {one.measurement_uid for one in reading.values(VERDICTS, "telling_verdicts")} == before
    assert len(before) == lake_module.SMALL_FILES + 1


def test_three_processes_append_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    Lake(tmp_path).append(VERDICTS, [VERDICT])
    writers = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(tmp_path), name], cwd=root) for name in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    uids = [one.measurement_uid for one in Reading(tmp_path).values(VERDICTS, "telling_verdicts")]
    assert sorted(uids) == sorted([UID, *(f"{name}-{number}" for name in "abc" for number in range(10))])


def test_a_table_of_another_version_is_told(tmp_path: Path) -> None:
    strange = pa.table({"measurement_uid": ["a"], "verdict": ["guilty"]})
    write_deltalake(tmp_path / VERDICTS.name, strange)
    with pytest.raises(SchemaError, match="verdicts"):
        Lake(tmp_path)


def test_controls_are_found_by_run_and_by_target_and_time(tmp_path: Path) -> None:
    lake, reading = Lake(tmp_path), Reading(tmp_path)

    def control(uid: str, run: str | None, target: str, minutes: float) -> object:
        return structs.replace(
            OBSERVATION,
            measurement_uid=uid,
            target=target,
            measurement_start_time=START + timedelta(minutes=minutes),
            vantage=structs.replace(OBSERVATION.vantage, role="control", run_id=run),
        )

    lake.append(
        OBSERVATIONS,
        [
            OBSERVATION,
            control("same run, far away", "run-1", "whatsapp/text", 600),
            control("near", None, "whatsapp/text", 29),
            control("too far", None, "whatsapp/text", 31),
            control("other target", None, "whatsapp/media", 1),
        ],
    )
    wanted = pa.table(
        {
            "run_id": ["run-1"],
            "target": ["whatsapp/text"],
            "earliest": [START - timedelta(minutes=30)],
            "latest": [START + timedelta(minutes=30)],
        }
    )
    reading.offer("wanted", wanted)
    assert {row["measurement_uid"] for row in reading.rows("controls_for")} == {"same run, far away", "near"}
    assert {row["measurement_uid"] for row in reading.rows("probes_for")} == {UID}
    assert reading.values(OBSERVATIONS, "observations_of", uids=[UID]) == [OBSERVATION]


def test_hours_and_vantages(tmp_path: Path) -> None:
    lake, reading = Lake(tmp_path), Reading(tmp_path)
    first, second = SAMPLES["measurements"]
    later = structs.replace(
        second,
        measurement_uid="later",
        measurement_start_time=START + timedelta(hours=2),
        probe_network_name=None,
    )
    lake.append(MEASUREMENTS, [first, later])
    hours = [row["hour"] for row in reading.rows("hours", since=None, until=None, most=10)]
    assert hours == [datetime(2017, 9, 20, 4, tzinfo=UTC), datetime(2017, 9, 20, 2, tzinfo=UTC)]
    [vantage] = reading.rows("vantages")
    assert (vantage["probe_id"], vantage["network"], vantage["measurements"]) == (
        "cn-4134",
        "China Telecom",
        2,
    )
    assert (vantage["first_word"], vantage["last_word"]) == (START, START + timedelta(hours=2))
    [totals] = reading.rows("totals")
    assert totals == {"measurements": 2, "rounds": 2, "vantages": 1}


def test_evidence_with_trials(tmp_path: Path) -> None:
    lake, reading = Lake(tmp_path), Reading(tmp_path)
    lake.append(TABLES["evidence"], [EVIDENCE, structs.replace(EVIDENCE, measurement_uid="none", trials=())])
    found = reading.values(
        TABLES["evidence"],
        "evidence_with_trials",
        service="whatsapp",
        functions=["text"],
        asns=[4134],
        since=START,
        until=None,
    )
    assert found == [EVIDENCE]

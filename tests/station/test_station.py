"""The station's step: done in pieces or at once, broken off or begun anew, it makes the same tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from deltalake import write_deltalake

from tests.station.rounds import (
    BLOCKED_ROUNDS,
    NETWORKS,
    ROUNDS,
    answer_to,
    contents,
    control_of,
    hand_in,
    probe_of,
    round_of,
    station_at,
)
from wallwatch.lake.lake import Lake
from wallwatch.lake.reading import Reading
from wallwatch.lake.tables import INCIDENTS, MEASUREMENTS, VERDICTS
from wallwatch.model.incident import State
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.station import station as station_module
from wallwatch.station.ledger import Ledger
from wallwatch.station.news import HEARD_AGAIN, SILENCE

ALL_VERDICTS = {
    "ccs": [], "asns": [], "services": [], "functions": [], "tests": [], "outcomes": [],
    "since": None, "until": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which every round came by itself, with a step after each."""
    path = tmp_path_factory.mktemp("data") / "stepped"
    with station_at(path) as (station, archive, _):
        for number in range(ROUNDS):
            hand_in(archive, round_of(number))
            assert station.step().measurements == 6
            assert station.step().measurements == 0
    return path


def test_it_finds_the_block_and_its_end(stepped: Path) -> None:
    with station_at(stepped) as (_, _, folder):
        reading, ledger = Reading(folder.lake), Ledger(folder.station_db)
        [incident] = reading.values(INCIDENTS, "all_incidents")
        assert (incident.cc, incident.service, incident.functions) == ("CN", "whatsapp", ("text",))
        assert incident.state is State.RESTORED
        assert incident.owner == "meta"
        verdicts = reading.values(VERDICTS, "verdicts", **{**ALL_VERDICTS, "outcomes": ["blocked"]})
        assert len(verdicts) == 3 * len(BLOCKED_ROUNDS)
        assert {one.grade for one in verdicts} == {Grade.PROVEN}
        assert [one.incident for one in ledger.published()] == [incident]
        states = [note.state for note in ledger.notes(0, 100)]
        assert states == [passage.state for passage in incident.passages]
        assert State.CONFIRMED in states


def test_all_at_once_is_the_same_as_step_by_step(stepped: Path, tmp_path: Path) -> None:
    with station_at(tmp_path / "at once") as (station, archive, folder):
        for number in range(ROUNDS):
            hand_in(archive, round_of(number))
        station.step()
        at_once = contents(folder)
    with station_at(stepped) as (_, _, folder):
        assert contents(folder) == at_once
        assert all(at_once[name] for name in at_once if name != "silences")


def test_a_deleted_lake_is_made_again(stepped: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(stepped, copy)
    with station_at(stepped) as (_, _, folder):
        before = contents(folder)
    shutil.rmtree(copy / "lake")
    with station_at(copy) as (station, _, folder):
        assert station.step().measurements == 6 * ROUNDS
        assert contents(folder) == before
        assert len(Ledger(folder.station_db).notes(0, 100)) == len(
            Ledger(stepped / "station.db").notes(0, 100)
        )


def test_a_lost_index_or_ledger_changes_no_table(stepped: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(stepped, copy)
    with station_at(stepped) as (_, _, folder):
        before = contents(folder)
    for path in [*(copy / "archive").glob("index.db*"), *copy.glob("station.db*")]:
        path.unlink()
    with station_at(copy) as (station, _, folder):
        station.step()
        assert contents(folder) == before


def test_tables_of_another_version_are_made_again(stepped: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(stepped, copy)
    with station_at(stepped) as (_, _, folder):
        before = contents(folder)
    shutil.rmtree(copy / "lake" / "verdicts")
    import pyarrow as pa

    write_deltalake(copy / "lake" / "verdicts", pa.table({"guilty": [True]}))
    with station_at(copy) as (station, _, folder):
        station.step()
        assert contents(folder) == before


@pytest.mark.parametrize("table", ["OBSERVATIONS", "EVIDENCE", "MEASUREMENTS"])
def test_a_step_broken_off_is_done_again_without_doubles(
    table: str, stepped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power goes just before that table is written; what came before it stays on the disk."""

    class PowerCut(BaseException):
        pass

    wanted = getattr(station_module, table)
    append = Lake.append

    def cut(self: Lake, to: object, *rest: object) -> None:
        if to is wanted:
            raise PowerCut
        append(self, to, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(station_module, "BATCH", 11)
    with station_at(tmp_path / "cut") as (station, archive, _):
        for number in range(ROUNDS):
            hand_in(archive, round_of(number))
            if number == 5:
                with monkeypatch.context() as patched:
                    patched.setattr(Lake, "append", cut)
                    with pytest.raises(PowerCut):
                        station.step()
    with station_at(tmp_path / "cut") as (station, _, folder):
        station.step()
        after = contents(folder)
    with station_at(stepped) as (_, _, folder):
        assert contents(folder) == after


def test_a_control_that_comes_late_changes_the_verdict(tmp_path: Path) -> None:
    with station_at(tmp_path / "late") as (station, archive, folder):
        probes = [probe_of(asn, 4) for asn in NETWORKS]
        hand_in(archive, probes)
        station.step()
        reading = Reading(folder.lake)
        before = reading.values(VERDICTS, "verdicts", **ALL_VERDICTS)
        assert {one.outcome for one in before} == {Outcome.UNKNOWN}
        hand_in(archive, [control_of(4, minutes=40)])
        station.step()
        assert _of_probes(reading) == [(Outcome.UNKNOWN, None)] * 3
        hand_in(archive, [control_of(4, minutes=10)])
        station.step()
        assert _of_probes(reading) == [(Outcome.BLOCKED, Grade.CONSISTENT)] * 3
        hand_in(archive, [answer_to(asn, 4) for asn in NETWORKS])
        station.step()
        assert _of_probes(reading) == [(Outcome.BLOCKED, Grade.PROVEN)] * 3
        incremental = contents(folder)
    shutil.rmtree(tmp_path / "late" / "lake")
    with station_at(tmp_path / "late") as (station, _, folder):
        station.step()
        assert contents(folder) == incremental


def _of_probes(reading: Reading) -> list[tuple[Outcome, Grade | None]]:
    verdicts = reading.values(VERDICTS, "verdicts", **ALL_VERDICTS)
    return [(one.outcome, one.grade) for one in verdicts if one.role == "probe"]


def test_two_stations_on_one_folder_take_turns(stepped: Path, tmp_path: Path) -> None:
    with (
        station_at(tmp_path / "both") as (one, archive, folder),
        station_at(tmp_path / "both") as (other, _, _),
    ):
        for number in range(ROUNDS):
            hand_in(archive, round_of(number))
            (one if number % 3 else other).step()
        both = contents(folder)
    with station_at(stepped) as (_, _, folder):
        assert contents(folder) == both


def test_a_probe_that_goes_quiet_is_told_and_is_no_incident(tmp_path: Path) -> None:
    with station_at(tmp_path / "quiet") as (station, archive, folder):
        for number in range(-20, -8):  # long before the block
            quiet = -16 <= number < -12
            hand_in(archive, round_of(number, (4134, 4837) if quiet else (4134, 4837, 9808)))
            station.step()
        ledger = Ledger(folder.station_db)
        assert Reading(folder.lake).values(INCIDENTS, "all_incidents") == []
        [silence] = ledger.silences()
        assert silence.probe_id == "cn-9808"
        assert silence.until is not None
        assert [note.kind for note in ledger.notes(0, 10)] == [SILENCE, HEARD_AGAIN]


def test_the_version_of_untouched_tables_stays(stepped: Path) -> None:
    with station_at(stepped) as (station, _, folder):
        before = Reading(folder.lake).versions()
        assert not station.step().changed
        assert Reading(folder.lake).versions() == before
        assert Lake(folder.lake).version(MEASUREMENTS) > 0

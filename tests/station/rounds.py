"""Rounds of three probes in China and a control abroad, as JSON that is handed in. Invented, not recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.pipeline.making import control_record, pairs, record, tries
from wallwatch.archive.folder import DataFolder, open_folder
from wallwatch.archive.segments import Archive
from wallwatch.catalog.loader import load
from wallwatch.collector.arrivals import arrivals_of, identify
from wallwatch.lake.reading import Reading
from wallwatch.model.failure import CONNECTION_RESET
from wallwatch.model.times import to_ooni
from wallwatch.station.knowledge import knowledge_of
from wallwatch.station.station import Station

Json = dict[str, Any]

START = datetime(2017, 9, 18, 2, 0, tzinfo=UTC)
STEP = timedelta(hours=12)
NETWORKS = (4134, 4837, 9808)
BLOCKED_ROUNDS = range(4, 10)
ROUNDS = 14


def round_of(number: int, networks: Iterable[int] = NETWORKS) -> list[Json]:
    """What is handed in of one round: for each network the control's answer, and the probe's measurement."""
    return [made for asn in networks for made in (answer_to(asn, number), probe_of(asn, number))]


def answer_to(asn: int, number: int) -> Json:
    """The control passes always, in the probe's trial too."""
    run = f"{asn}-{number}"
    made = control_record([*tries(1), *pairs([None] * 8, [None] * 8)], run_id=run)
    return _at(_named_trial(made, run), START + number * STEP + timedelta(seconds=asn % 60 + 1), number)


def control_of(number: int, minutes: float) -> Json:
    """A control's measurement on its own schedule, so long after the probes'."""
    made = control_record(tries(1), run_id=f"control-{number}-{minutes}")
    return _at(made, START + number * STEP + timedelta(minutes=minutes), number)


def probe_of(asn: int, number: int) -> Json:
    """One probe's measurement; what fails is text, by its first bytes."""
    run = f"{asn}-{number}"
    blocked = number in BLOCKED_ROUNDS
    failing = [*tries(3, failure=CONNECTION_RESET), *pairs([CONNECTION_RESET] * 8, [None] * 8)]
    made = record(failing if blocked else tries(1), run_id=run, probe_asn=f"AS{asn}", resolver_asn=f"AS{asn}")
    made["annotations"]["probe_id"] = f"cn-{asn}"
    made["probe_network_name"] = f"Network {asn}"
    return _at(_named_trial(made, run), START + number * STEP + timedelta(seconds=asn % 60), number)


def _named_trial(made: Json, run: str) -> Json:
    for handshake in made["test_keys"]["x_handshakes"]:
        if handshake["trial"] is not None:
            handshake["trial"] = {**handshake["trial"], "id": f"{run}/whatsapp/text"}
    return made


def _at(made: Json, when: datetime, number: int) -> Json:
    made["measurement_start_time"] = made["test_start_time"] = to_ooni(when)
    made["annotations"]["round"] = str(number)
    return made


def hand_in(archive: Archive, records: Iterable[Json]) -> None:
    archive.append([arrival for one in records for arrival in arrivals_of(json.dumps(one).encode())])


@contextmanager
def station_at(path: Path) -> Iterator[tuple[Station, Archive, DataFolder]]:
    """A station over a data folder, as `wallwatch up` would have it."""
    folder = open_folder(path, create=True)
    with Archive(folder.archive, identify) as archive:
        station = Station(folder, archive, knowledge_of(load()))
        try:
            yield station, archive, folder
        finally:
            station.close()


def contents(folder: DataFolder) -> dict[str, list[str]]:
    """Every table's rows, as text, in an order that does not depend on how they were written."""
    from wallwatch.lake.columns import rows_of
    from wallwatch.lake.lake import Lake
    from wallwatch.lake.tables import TABLES

    reading, lake = Reading(folder.lake), Lake(folder.lake)
    reading.versions()
    found = {}
    for name, table in TABLES.items():
        files = lake.files(table)
        rows = [row for file in files for row in rows_of(_read(file, table.schema))]
        found[name] = sorted(repr(row) for row in rows)
    reading.close()
    return found


def _read(file: str, schema: Any) -> Any:
    from pyarrow import parquet

    return parquet.read_table(file, schema=schema)

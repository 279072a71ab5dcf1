"""`wallwatch incidents`: one line per real-world event."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from wallwatch.commands._lines import CSV, JSONL, Moment, write
from wallwatch.model.incident import Incident, Kind, State
from wallwatch.model.outcome import Function
from wallwatch.refusal import Refusal, needs_extra

TIME = Moment()


@click.command("incidents")
@click.option("--data", type=click.Path(path_type=Path), help="A station's data folder.")
@click.option("--counts", type=click.Path(path_type=Path), help="Counts of outcomes (not in this version).")
@click.option("--speeds", type=click.Path(path_type=Path), help="Speed tests (not in this version).")
@click.option("--signals", type=click.Path(path_type=Path), help="Volumes (not in this version).")
@click.option("--format", "form", type=click.Choice([JSONL, CSV]), default=JSONL, show_default=True)
@click.option("--cc", multiple=True, help="Country code; may be repeated, as may all of these.")
@click.option("--asn", multiple=True, type=int, help="Network, as a number.")
@click.option("--service", multiple=True)
@click.option("--function", multiple=True, type=click.Choice([one.value for one in Function]))
@click.option("--kind", multiple=True, type=click.Choice([one.value for one in Kind]))
@click.option("--state", multiple=True, type=click.Choice([one.value for one in State]))
@click.option("--since", type=TIME, help="Those that were not over at this time (UTC).")
@click.option("--until", type=TIME, help="Those that may have begun before this time (UTC).")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, instead of standard output.")
def incidents(
    data: Path | None,
    counts: Path | None,
    speeds: Path | None,
    signals: Path | None,
    form: str,
    cc: tuple[str, ...],
    asn: tuple[int, ...],
    service: tuple[str, ...],
    function: tuple[str, ...],
    kind: tuple[str, ...],
    state: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    output: Path | None,
) -> None:
    """Print incidents: kind, state, onset and end as intervals, mechanism, scope, evidence."""
    if counts or speeds or signals:
        raise Refusal("this version finds incidents in a data folder only: wallwatch incidents --data DIR")
    if data is None:
        raise Refusal("name a station's data folder: wallwatch incidents --data DIR")
    wanted: dict[str, Any] = {
        "ccs": [code.upper() for code in cc],
        "asns": list(asn),
        "services": list(service),
        "functions": list(function),
        "kinds": list(kind),
        "states": list(state),
        "since": since,
        "until": until,
    }
    try:
        from wallwatch.archive.folder import open_folder
        from wallwatch.lake.reading import Reading
        from wallwatch.lake.tables import INCIDENTS
    except ImportError as error:
        raise needs_extra("station", error) from error
    reading = Reading(open_folder(data, create=False).lake)
    try:
        found: list[Incident] = reading.values(INCIDENTS, "incidents", **wanted)
        write(found, form, output)
    finally:
        reading.close()


COMMAND = incidents

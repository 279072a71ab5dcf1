"""`wallwatch incidents`: one line per real-world event."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wallwatch.commands._data import tables_of
from wallwatch.commands._filters import filters, parameters
from wallwatch.commands._lines import CSV, JSONL, write
from wallwatch.model.incident import Kind, State
from wallwatch.refusal import Refusal


@click.command("incidents")
@click.option("--data", type=click.Path(path_type=Path), help="A station's data folder.")
@click.option("--counts", type=click.Path(path_type=Path), help="Counts of outcomes (not in this version).")
@click.option("--speeds", type=click.Path(path_type=Path), help="Speed tests (not in this version).")
@click.option("--signals", type=click.Path(path_type=Path), help="Volumes (not in this version).")
@click.option("--format", "form", type=click.Choice([JSONL, CSV]), default=JSONL, show_default=True)
@filters
@click.option("--kind", multiple=True, type=click.Choice([one.value for one in Kind]))
@click.option("--state", multiple=True, type=click.Choice([one.value for one in State]))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, instead of standard output.")
def incidents(data: Path | None, form: str, output: Path | None, **given: Any) -> None:
    """Print incidents: kind, state, onset and end as intervals, mechanism, scope, evidence.

    --since asks for those that were not over by then, --until for those that may have begun before.
    """
    if given["counts"] or given["speeds"] or given["signals"]:
        raise Refusal("this version finds incidents in a data folder only: wallwatch incidents --data DIR")
    if data is None:
        raise Refusal("name a station's data folder: wallwatch incidents --data DIR")
    own = {"kinds": list(given["kind"]), "states": list(given["state"])}
    with tables_of(data) as reading:
        from wallwatch.lake.tables import INCIDENTS

        found = reading.values(INCIDENTS, "incidents", **parameters(given), **own)
        write(found, INCIDENTS, form, output)


COMMAND = incidents

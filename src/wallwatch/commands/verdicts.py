"""`wallwatch verdicts`: what was concluded of each measurement, a line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wallwatch.commands._data import tables_of
from wallwatch.commands._filters import filters, parameters
from wallwatch.commands._lines import CSV, JSONL, PARQUET, write
from wallwatch.model.outcome import Outcome


@click.command("verdicts")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="A station's data folder.")
@click.option(
    "--per",
    type=click.Choice(["target", "measurement"]),
    default="target",
    show_default=True,
    help="A line for each target, or the gravest of each measurement.",
)
@click.option("--format", "form", type=click.Choice([JSONL, CSV, PARQUET]), default=JSONL, show_default=True)
@filters
@click.option("--test-name", multiple=True)
@click.option("--outcome", multiple=True, type=click.Choice([one.value for one in Outcome]))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, instead of standard output.")
def verdicts(data: Path, per: str, form: str, output: Path | None, **given: Any) -> None:
    """Print verdicts: outcome, grade, mechanism, the rules that fired and a sentence."""
    own = {"tests": list(given["test_name"]), "outcomes": list(given["outcome"])}
    with tables_of(data) as reading:
        from wallwatch.lake.tables import VERDICTS
        from wallwatch.pipeline.summary import sum_up

        found = reading.values(VERDICTS, "verdicts", **parameters(given), **own)
        write(sum_up(found) if per == "measurement" else found, VERDICTS, form, output)


COMMAND = verdicts

"""`wallwatch verdicts`: what was concluded of each measurement, a line each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from wallwatch.commands._lines import CSV, JSONL, PARQUET, Moment, write
from wallwatch.model.outcome import Function, Outcome
from wallwatch.refusal import needs_extra

TIME = Moment()


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
@click.option("--cc", multiple=True, help="Country code; may be repeated, as may all of these.")
@click.option("--asn", multiple=True, type=int, help="Network, as a number.")
@click.option("--service", multiple=True)
@click.option("--function", multiple=True, type=click.Choice([one.value for one in Function]))
@click.option("--test-name", multiple=True)
@click.option("--outcome", multiple=True, type=click.Choice([one.value for one in Outcome]))
@click.option("--since", type=TIME, help="From this time on (UTC).")
@click.option("--until", type=TIME, help="Before this time (UTC).")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, instead of standard output.")
def verdicts(
    data: Path,
    per: str,
    form: str,
    cc: tuple[str, ...],
    asn: tuple[int, ...],
    service: tuple[str, ...],
    function: tuple[str, ...],
    test_name: tuple[str, ...],
    outcome: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    output: Path | None,
) -> None:
    """Print verdicts: outcome, grade, mechanism, the rules that fired and a sentence."""
    wanted: dict[str, Any] = {
        "ccs": [code.upper() for code in cc],
        "asns": list(asn),
        "services": list(service),
        "functions": list(function),
        "tests": list(test_name),
        "outcomes": list(outcome),
        "since": since,
        "until": until,
    }
    try:
        from wallwatch.archive.folder import open_folder
        from wallwatch.lake.reading import Reading
        from wallwatch.lake.tables import VERDICTS
        from wallwatch.pipeline.summary import sum_up
    except ImportError as error:
        raise needs_extra("station", error) from error
    reading = Reading(open_folder(data, create=False).lake)
    try:
        found = reading.values(VERDICTS, "verdicts", **wanted)
        write(sum_up(found) if per == "measurement" else found, form, output)
    finally:
        reading.close()


COMMAND = verdicts

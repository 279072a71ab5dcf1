"""`wallwatch ingest`: take in files of measurements, judge them, count what could not be read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from wallwatch.refusal import Refusal, needs_extra

if TYPE_CHECKING:
    from wallwatch.station.intake.program import Summary

MOST_WORKERS = 64


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="A data folder, made if need be."
)
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    default=1,
    show_default=True,
    help="How many processes read and observe.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as a line of JSON.")
def ingest(paths: tuple[Path, ...], data: Path, workers: int, as_json: bool) -> None:
    """Take in measurements from files and folders.

    JSON or JSONL, plain or packed with gzip or zstd, postcans in tar.gz, answers of OONI's API (JSON, CSV).
    What cannot be read goes to the folder's quarantine with its reason. Running it twice changes nothing.
    """
    try:
        from wallwatch.archive.folder import open_folder
        from wallwatch.station.intake.program import run
    except ImportError as error:
        raise needs_extra("station", error) from error
    for path in paths:
        if not path.exists():
            raise Refusal(f"There is no {path}.")
    began = time.monotonic()
    try:
        summary = run(paths, open_folder(data, create=True), workers, lambda: time.monotonic() - began)
    except OSError as error:
        raise Refusal(
            f"{error.strerror}: {error.filename or data}. What was taken in so far is kept."
        ) from error
    if as_json:
        click.echo(msgspec.json.encode(summary))
    else:
        _tell(summary, data)


def _tell(summary: Summary, data: Path) -> None:
    upgraded = f" ({summary.upgraded} complete rows of a listing)" if summary.upgraded else ""
    click.echo(
        f"{summary.files} files, {summary.measurements} measurements: {summary.new} new{upgraded},"
        f" {summary.duplicate} known already. {summary.seconds:.1f} s."
    )
    if summary.quarantined:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary.reasons.items())
        click.echo(f"{summary.quarantined} could not be read: {reasons}. See {data / 'quarantine'}.")


COMMAND = ingest

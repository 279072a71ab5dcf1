"""`wallwatch up`: the station, with its pages and its collector."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from wallwatch.refusal import needs_extra

PAGES = "127.0.0.1:8787"
COLLECTOR = "127.0.0.1:8788"
NO_COLLECTOR = "none"


@click.command("up")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("wallwatch-data"),
    show_default=True,
    help="The data folder, made if need be.",
)
@click.option(
    "--listen",
    default=PAGES,
    show_default=True,
    help="Where the pages are: ADDRESS:PORT, or fd:3, inherited.",
)
@click.option("--listen-fd", type=int, help="The same as --listen fd:N.")
@click.option(
    "--collector-listen",
    "--collect",
    "collector",
    default=COLLECTOR,
    show_default=True,
    help="Where probes hand in: ADDRESS:PORT, fd:N, or none.",
)
@click.option("--rounds", type=click.Choice(["-"]), help="Work the rounds that standard input calls.")
def up(data: Path, listen: str, listen_fd: int | None, collector: str, rounds: str | None) -> None:
    """Run a station: receive measurements, judge them, show what is blocked, how and since when."""
    try:
        from wallwatch.archive.folder import open_folder
        from wallwatch.station import listening
        from wallwatch.station.serving import Doors, serve
        from wallwatch.web.app import create_app
    except ImportError as error:
        raise needs_extra("station", error) from error
    logging.basicConfig(level=logging.WARNING, format="wallwatch: %(message)s")
    pages = listening.listen(listen if listen_fd is None else f"fd:{listen_fd}", "--listen")
    hand_in = None if collector == NO_COLLECTOR else listening.listen(collector, "--collector-listen")
    folder = open_folder(data, create=True)
    click.echo(f"Pages at {listening.url_of(pages)}, data in {folder.path}", err=True)
    if hand_in is not None:
        click.echo(f"Probes hand in at {listening.url_of(hand_in)}", err=True)
    serve(folder, Doors(pages=pages, collector=hand_in), create_app, in_rounds=rounds is not None)


COMMAND = up

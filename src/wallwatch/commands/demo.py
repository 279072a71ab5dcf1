"""`wallwatch demo`: a scenario in the lab, watched live by wallwatch's own programs."""

from __future__ import annotations

import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from wallwatch.commands._playing import Playing, Wishes, playing, print_incidents, scenario_ready
from wallwatch.refusal import Refusal

if TYPE_CHECKING:
    from wallwatch.lab.page import Address
    from wallwatch.lab.run import Progress

SCENARIO = "china-whatsapp-2017"
DEFAULT_LISTEN = "127.0.0.1:8787"
LOG_KEPT = 200  # lines that the live view is given; it shows the last of them


@click.command("demo")
@click.option("--scenario", default=SCENARIO, show_default=True, help="Which one to play.")
@click.option("--json", "as_json", is_flag=True, help="When it ends, print the incidents, one a line.")
@click.option(
    "--exit", "leave", is_flag=True, help="End when the scenario ends; otherwise the page stays up."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of all chance in the lab.")
@click.option("--data", type=click.Path(path_type=Path), help="Keep what was found in this new folder.")
@click.option("--listen", help=f"Where the page is.  [default: {DEFAULT_LISTEN}, or a free port near it]")
@click.option("--pcap", type=click.Path(path_type=Path, dir_okay=False), help="Write every packet there.")
@click.option(
    "--truth", type=click.Path(path_type=Path, dir_okay=False), help="Write every censor's decisions there."
)
def COMMAND(  # noqa: N802, the name that the command line looks for
    scenario: str,
    as_json: bool,
    leave: bool,
    seed: int,
    data: Path | None,
    listen: str | None,
    pcap: Path | None,
    truth: Path | None,
) -> None:
    """Watch a censor at work: wallwatch against an emulated Great Firewall, on real packets."""
    ready = scenario_ready(scenario)
    with page_socket(listen) as page:
        wishes = Wishes(scenario=ready, seed=seed, data=data, pcap=pcap, truth=truth, page=page)
        with playing(wishes) as run:
            watch(run, ready.title, page)
            if as_json:
                print_incidents(run.data)
            if not leave and sys.stdout.isatty() and sys.stderr.isatty():
                stay(page)


def page_socket(listen: str | None) -> socket.socket:
    """Where the pages will be: as asked, or the default, or near it. Raises Refusal naming a free address."""
    from wallwatch.lab import page
    from wallwatch.station import listening

    try:
        return listening.listen(listen or DEFAULT_LISTEN, "--listen")
    except Refusal as refusal:
        if listen is not None:
            raise
        near = page.listen_near(page.parse_address(DEFAULT_LISTEN))
        click.echo(
            f"{refusal.message.partition('. ')[0]}; the page is at {page.address_of(near).url}", err=True
        )
        return near


def watch(run: Playing, title: str, listening: socket.socket) -> None:
    """Show what is noticed and concluded, round by round, on standard error."""
    from wallwatch.lab import page

    address = page.address_of(listening)
    began = time.monotonic()
    lost = 0
    with Live(title, address) if sys.stderr.isatty() else Lines(title, address) as view:
        for progress in run.rounds:
            view.show(progress)
            lost = progress.lost
            if progress.round == progress.total:
                break  # going on would end the programs, and with them the page
    click.echo(f"Played in {time.monotonic() - began:.0f} s.", err=True)
    if lost:
        click.echo(
            f"This machine was too slow: the lab lost {lost} packets, so trust nothing above.", err=True
        )


def stay(listening: socket.socket) -> None:
    """Keep the page up until Ctrl-C."""
    from wallwatch.lab import page

    click.echo(f"The page stays at {page.address_of(listening).url} until you press Ctrl-C.", err=True)
    with suppress(KeyboardInterrupt):
        while True:
            signal.pause()


class Lines:
    """One line for each thing that was noticed or concluded: for a file, a pipe, a CI run."""

    def __init__(self, title: str, address: Address) -> None:
        self._title = title
        self._address = address
        self._told = 0

    def __enter__(self) -> Lines:
        click.echo(f"{self._title}. The page is at {self._address.url}", err=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to put back."""

    def show(self, progress: Progress) -> None:
        """The log's new lines."""
        from wallwatch.lab import page
        from wallwatch.terminal import plain_lines

        notes = page.ask(self._address, f"/api/v1/log?after={self._told}")
        for line in plain_lines(notes):
            click.echo(line, err=True)
        self._told = max((note["number"] for note in notes), default=self._told)


class Live:
    """The terminal view."""

    def __init__(self, title: str, address: Address) -> None:
        from wallwatch.terminal import Terminal

        self._terminal = Terminal(title, address.url)
        self._address = address
        self._log: list[Any] = []

    def __enter__(self) -> Live:
        self._terminal.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._terminal.__exit__(kind, error, trace)

    def show(self, progress: Progress) -> None:
        """Redraw all."""
        from wallwatch.lab.page import ask

        after = self._log[-1]["number"] if self._log else 0
        self._log = (self._log + ask(self._address, f"/api/v1/log?after={after}"))[-LOG_KEPT:]
        self._terminal.update(
            progress.round,
            progress.total,
            progress.instant,
            ask(self._address, "/api/v1/strips"),
            ask(self._address, "/api/v1/incidents"),
            self._log,
        )

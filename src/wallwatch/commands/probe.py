"""`wallwatch probe run | once | targets`: the unattended probe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from wallwatch.net.clock import SystemClock
    from wallwatch.probe.config import ProbeConfig
    from wallwatch.probe.program import Program

CONFIG = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The probe's settings (TOML).",
)
YES = click.option("--yes", is_flag=True, help="I have read what the probe does, and I agree.")


@click.group("probe")
def COMMAND() -> None:  # noqa: N802, the name that the command line looks for
    """Watch services from this network, unattended."""


@COMMAND.command("run")
@CONFIG
@click.option("--rounds", type=click.Choice(["-"]), help="Work the rounds that standard input calls.")
@YES
def run(config_path: Path, rounds: str | None, yes: bool) -> None:
    """Measure in rounds until stopped."""
    import asyncio

    from wallwatch.net.clock import SteppedClock, SystemClock

    config, home = settings(config_path)
    if rounds is None:
        program = prepare(config, home, SystemClock(), yes)
        work = program.scheduled()
    else:
        clock = SteppedClock()
        program = prepare(config, home, clock, yes)
        work = program.called(clock)
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        raise click.Abort from None


@COMMAND.command("once")
@CONFIG
@YES
@click.option("--json", "as_json", is_flag=True, help="Print the measurements, one a line.")
def once(config_path: Path, yes: bool, as_json: bool) -> None:
    """One round, now."""
    import asyncio

    from wallwatch.net.clock import SystemClock
    from wallwatch.probe.program import say

    config, home = settings(config_path)
    recorded = asyncio.run(prepare(config, home, SystemClock(), yes).once(None))
    say(None, recorded)
    for measurement in recorded if as_json else ():
        click.echo(measurement.content)


@COMMAND.command("targets")
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help="The probe's settings."
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each.")
def targets(config_path: Path | None, as_json: bool) -> None:
    """What the probe will contact, how often, and with which bytes. Sends nothing."""
    import sys

    from rich.console import Console

    from wallwatch import catalog
    from wallwatch.probe.config import ProbeConfig, ProbeSection, read_probe
    from wallwatch.probe.contacts import as_lines, as_table, contacts

    catalogue = catalog.load()
    config = (
        ProbeConfig(probe=ProbeSection(id="example"))
        if config_path is None
        else read_probe(config_path, catalogue)
    )
    listed = contacts(catalogue, config)
    if as_json:
        for line in as_lines(listed):
            click.echo(line)
    else:
        Console(file=sys.stdout).print(as_table(listed))


def settings(config_path: Path) -> tuple[ProbeConfig, Path]:
    """The config and the probe's home. Raises Refusal."""
    from wallwatch import catalog
    from wallwatch.probe.config import read_probe

    config = read_probe(config_path, catalog.load())
    return config, home_of(config.probe.home)


def home_of(named: str) -> Path:
    """The folder that is named, else the user's application folder."""
    return Path(named) if named else Path(click.get_app_dir("wallwatch"))


def prepare(config: ProbeConfig, home: Path, clock: SystemClock, yes: bool) -> Program:
    """A probe that may send. Consent comes first. Raises Refusal."""
    from wallwatch import catalog
    from wallwatch.net.clock import SystemClock
    from wallwatch.net.real import RealNet
    from wallwatch.probe import consent
    from wallwatch.probe.program import build
    from wallwatch.refusal import Refusal

    agreed = "config" if config.probe.consent else "--yes" if yes else None
    consent.ensure(home, SystemClock().wall_now(), agreed, asker())
    try:
        return build(RealNet(clock), catalog.load(), config, home)
    except (OSError, ValueError) as error:
        raise Refusal(
            f"Cannot read the trusted certificates: {error}. Name another file as `ca_bundle`."
        ) from error


def asker() -> Callable[[str], bool] | None:
    """How to ask for consent; None without a terminal."""
    import sys

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return ask


def ask(text: str) -> bool:
    """Show the text, wait for a yes."""
    click.echo(text, err=True)
    return click.confirm("Do you agree?", default=False, err=True)

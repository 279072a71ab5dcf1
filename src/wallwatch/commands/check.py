"""`wallwatch check`: one look from this network, now, judged on the spot by the station's own rules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wallwatch.commands._noise_root import noise_root_option, pinned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wallwatch.catalog import Catalogue
    from wallwatch.commands._check_report import Seen
    from wallwatch.probe.config import ProbeConfig
    from wallwatch.probe.round import Recorded


@click.command("check")
@click.argument("services", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print a verdict a line, as `wallwatch verdicts` does.")
@click.option("--control", help="A control abroad, such as http://203.0.113.5:8790.")
@click.option("--yes", is_flag=True, help="I have read what is sent, and I agree.")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A probe's settings (TOML); options win over it.",
)
@click.option("--ca-bundle", help="Trust these certificate authorities instead of the system's.")
@noise_root_option
@click.option("--cc", help="The country this network is in, such as CN.")
@click.option("--asn", type=click.IntRange(0, 2**32 - 1), help="The number of this network, such as 4134.")
def COMMAND(  # noqa: N802, the name that the command line looks for
    services: tuple[str, ...],
    as_json: bool,
    control: str | None,
    yes: bool,
    config_path: Path | None,
    ca_bundle: str | None,
    noise_root: str | None,
    cc: str | None,
    asn: int | None,
) -> int:
    """Look at SERVICES (all, if none is named) from this network, function by function.

    Exit status: 0 all well, 1 something is blocked, 4 something failed that cannot be called blocked.
    """
    import asyncio

    import msgspec
    from rich.console import Console

    from wallwatch import catalog, exits
    from wallwatch.commands import _check_report as report

    catalogue = catalog.load()
    given = {
        "services": services or None,
        "control": control,
        "cc": None if cc is None else cc.upper(),
        "asn": asn,
    }
    read = settings(catalogue, config_path, {k: v for k, v in given.items() if v is not None}, ca_bundle)
    config = pinned(read, noise_root)
    consent_first(config, yes)
    errors = Console(stderr=True)
    try:
        with errors.status("Looking; a blocked function takes up to a minute ..."):
            recorded = asyncio.run(look(catalogue, config))
    except KeyboardInterrupt:
        raise click.Abort from None
    seen = judged(catalogue, recorded, config.probe.control is not None)
    if as_json:
        for verdict in seen.verdicts:
            click.echo(msgspec.json.encode(verdict))
        if report.has_no_internet(seen):
            click.echo(report.NO_INTERNET, err=True)
    else:
        report.show(seen, catalogue, Console())
    return exits.CANNOT_TELL if report.has_no_internet(seen) else report.exit_status(seen)


def settings(
    catalogue: Catalogue, config_path: Path | None, given: dict[str, object], ca_bundle: str | None
) -> ProbeConfig:
    """The config file, if any, under the options of the command line. Raises Refusal."""
    import msgspec

    from wallwatch.probe.config import ProbeConfig, ProbeSection, read_probe
    from wallwatch.vantage.settings import checked, checked_services

    read = (
        ProbeConfig(probe=ProbeSection(id="check"))
        if config_path is None
        else read_probe(config_path, catalogue)
    )
    probe = msgspec.structs.replace(read.probe, **given)
    network = (
        read.network if ca_bundle is None else msgspec.structs.replace(read.network, ca_bundle=ca_bundle)
    )
    config = msgspec.structs.replace(read, probe=probe, network=network)
    checked(config.place)
    checked_services(catalogue, config.probe.services)
    return config


def consent_first(config: ProbeConfig, yes: bool) -> None:
    """Ask before anything is sent. Raises Refusal."""
    from wallwatch.commands.probe import asker, home_of
    from wallwatch.net.clock import SystemClock
    from wallwatch.probe import consent

    agreed = "config" if config.probe.consent else "--yes" if yes else None
    consent.ensure(home_of(config.probe.home), SystemClock().wall_now(), agreed, asker())


async def look(catalogue: Catalogue, config: ProbeConfig) -> list[Recorded]:
    """One round that waits for nothing. Nothing is kept and nothing handed in. Raises Refusal."""
    from wallwatch.net.clock import SystemClock
    from wallwatch.net.real import RealNet
    from wallwatch.probe.program import control_at
    from wallwatch.probe.round import Plan, RoundRunner
    from wallwatch.refusal import Refusal
    from wallwatch.vantage.looking import equip
    from wallwatch.vantage.settings import checked_services, chosen_canaries

    try:
        kit = equip(RealNet(SystemClock()), catalogue, config.network, config.pins)
    except (OSError, ValueError) as error:
        raise Refusal(
            f"Cannot read the trusted certificates: {error}. Name another file with --ca-bundle."
        ) from error
    plan = Plan(
        place=config.place,
        services=checked_services(catalogue, config.probe.services),
        canaries=chosen_canaries(catalogue, config.probe.cc, config.canaries),
        pace_seconds=config.network.pace_seconds,
        is_attended=True,
    )
    url = config.probe.control
    control = None if url is None else control_at(url, kit, config.network)
    return await RoundRunner(kit, plan, control).run(None)


def judged(catalogue: Catalogue, recorded: Sequence[Recorded], has_control: bool) -> Seen:
    """The rules' word on each target: what the station would say of the same measurements."""
    from wallwatch.commands._check_report import Seen, Tally, targets_in_order
    from wallwatch.pipeline.evidence import gather
    from wallwatch.pipeline.judge import judge
    from wallwatch.pipeline.normalize import decode, normalize
    from wallwatch.pipeline.observe import observe
    from wallwatch.pipeline.unreadable import Unreadable

    rows = [row for one in recorded for row in observe(decode(one.content))]
    control_rows = []
    for answer in (answer for one in recorded for answer in one.control_answers):
        try:
            control_rows += observe(normalize(answer))
        except Unreadable as error:
            print(f"The control's answer is no measurement: {error}", file=sys.stderr)
    evidence = [one for one in gather(rows, control_rows, catalogue.pools) if one.target is not None]
    verdicts = (judge(one, catalogue.version) for one in evidence)
    return Seen(
        verdicts=targets_in_order(verdicts, catalogue),
        handshakes=tuple(handshake for one in recorded for handshake in one.handshakes),
        canaries=recorded[0].canaries,
        has_control=has_control,
        controls={
            one.target: Tally(tries=one.control.attempts, failed=one.control.failed)
            for one in evidence
            if one.control is not None and one.target is not None
        },
    )

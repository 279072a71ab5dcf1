"""`wallwatch control`: the control vantage, or only its neutral twins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wallwatch.commands._noise_root import noise_root_option, pinned

if TYPE_CHECKING:
    from wallwatch.control.config import ControlConfig
    from wallwatch.control.program import Program
    from wallwatch.net.clock import SystemClock

DEFAULT_TWIN_PORTS = (80, 443, 5222)


@click.command("control")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The control's settings (TOML).",
)
@click.option("--rounds", type=click.Choice(["-"]), help="Work the rounds that standard input calls.")
@click.option(
    "--twins-only", is_flag=True, help="Host neutral twins on all addresses of this machine, and no more."
)
@click.option("--ports", help="The twins' ports, such as 80,443,5222.")
@click.option("--listen", help="Where to answer probes, such as 0.0.0.0:8790; wins over the config.")
@click.option(
    "--twin", "twins", multiple=True, help="The address of a twin; wins over the config. Repeatable."
)
@noise_root_option
def COMMAND(  # noqa: N802, the name that the command line looks for
    config_path: Path | None,
    rounds: str | None,
    twins_only: bool,
    ports: str | None,
    listen: str | None,
    twins: tuple[str, ...],
    noise_root: str | None,
) -> None:
    """Measure where the censor is not, for probes that ask; run it abroad.

    Without --config it answers on 127.0.0.1:8790 and knows the twins of --twin.
    """
    import asyncio

    from wallwatch import catalog
    from wallwatch.control.config import ControlConfig, ControlSection, read_control, with_twins

    config = (
        ControlConfig(control=ControlSection(id="control"))
        if config_path is None
        else read_control(config_path, catalog.load())
    )
    config = pinned(with_twins(config, twins), noise_root)
    if ports is not None and not twins_only:
        raise click.UsageError("--ports belongs to --twins-only; the config's twin_ports say where twins are")
    try:
        if twins_only:
            asyncio.run(host_twins(chosen_ports(ports, config, config_path is not None)))
        else:
            asyncio.run(serve(config, rounds is not None, listen))
    except KeyboardInterrupt:
        raise click.Abort from None


def chosen_ports(ports: str | None, config: ControlConfig, has_config: bool) -> tuple[int, ...]:
    """Those of the command line, else of the config, else the usual ones. Raises Refusal."""
    from wallwatch.control.config import port_number
    from wallwatch.refusal import Refusal

    if ports is None:
        return config.control.twin_ports if has_config else DEFAULT_TWIN_PORTS
    named = [text.strip() for text in ports.split(",")]
    if not all(text.isdigit() for text in named):
        raise Refusal(f"--ports {ports!r}: numbers with commas between them, such as 80,443,5222")
    return tuple(port_number(int(text), "--ports") for text in named)


async def host_twins(ports: tuple[int, ...]) -> None:
    """Twins until stopped."""
    import asyncio

    from wallwatch.control.twins import TwinServer
    from wallwatch.net.clock import SystemClock

    twins = TwinServer(SystemClock().wall_now())
    await twins.listen(ports)
    click.echo(f"Neutral twins on all addresses, ports {', '.join(map(str, ports))}.", err=True)
    await asyncio.Event().wait()


async def serve(config: ControlConfig, is_called: bool, listen: str | None) -> None:
    """The control until stopped, or until the rounds end."""
    import asyncio

    from wallwatch.control.config import listen_endpoint
    from wallwatch.net.clock import SteppedClock, SystemClock

    clock = SteppedClock() if is_called else SystemClock()
    program = build(config, clock)
    endpoint = listen_endpoint(listen or config.control.listen)
    await program.server.listen(endpoint)
    click.echo(f"The control answers on http://{endpoint}.", err=True)
    try:
        if isinstance(clock, SteppedClock):
            await program.called(clock)
        elif config.control.collector is None:
            await asyncio.Event().wait()  # nobody collects: it answers, and measures when it is asked
        else:
            await program.scheduled()
    finally:
        await program.server.close()


def build(config: ControlConfig, clock: SystemClock) -> Program:
    """Put it together. Raises Refusal."""
    from wallwatch import catalog
    from wallwatch.control import program
    from wallwatch.net.real import RealNet
    from wallwatch.refusal import Refusal

    home = Path(config.control.home or click.get_app_dir("wallwatch"))
    try:
        return program.build(RealNet(clock), catalog.load(), config, home)
    except (OSError, ValueError) as error:
        raise Refusal(
            f"Cannot read the trusted certificates: {error}. Name another file as `ca_bundle`."
        ) from error

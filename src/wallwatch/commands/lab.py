"""`wallwatch lab`: what the lab has, a scenario played in it, a command or a shell in one of its hosts."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
import msgspec
from msgspec import Struct

from wallwatch.commands._playing import Wishes, playing, print_incidents, scenario_ready
from wallwatch.refusal import Refusal, unknown

if TYPE_CHECKING:
    from wallwatch.lab.lab import Lab

DEFAULT_SCENARIO = "china-whatsapp-2017"


@click.group("lab")
def COMMAND() -> None:  # noqa: N802, the name that the command line looks for
    """A virtual internet on this machine, with a censor in it."""


class Line(Struct, frozen=True, kw_only=True):
    """One thing the lab has (contracts/lab_list.schema.json)."""

    kind: str  # mechanism | trap | service | scenario
    name: str
    source: str | None
    summary: str


@COMMAND.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_command(as_json: bool) -> None:
    """What the lab can show: mechanisms, services and scenarios."""
    for line in _lines():
        if as_json:
            click.echo(msgspec.json.encode(line))
        else:
            click.echo(f"{line.kind:<10} {line.name:<28} {line.summary}")


@COMMAND.command("run")
@click.argument("scenario")
@click.option("--json", "as_json", is_flag=True, help="When it ends, print the incidents, one a line.")
@click.option("--pcap", type=click.Path(path_type=Path, dir_okay=False), help="Write every packet there.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of all chance in the lab.")
@click.option("--data", type=click.Path(path_type=Path), help="Keep what was found in this new folder.")
@click.option(
    "--truth", type=click.Path(path_type=Path, dir_okay=False), help="Write every censor's decisions there."
)
def run_command(
    scenario: str, as_json: bool, pcap: Path | None, seed: int, data: Path | None, truth: Path | None
) -> None:
    """Play a scenario to its end, with wallwatch's own programs in the lab's hosts."""
    ready = scenario_ready(scenario)
    wishes = Wishes(scenario=ready, seed=seed, data=data, pcap=pcap, truth=truth, page=None)
    with playing(wishes) as run:
        for progress in run.rounds:
            instant = progress.instant.astimezone(UTC)
            count = f"{progress.round}/{progress.total}"
            click.echo(f"{count:>7}  {instant:%Y-%m-%d %H:%M}  {progress.stage}", err=True)
            if progress.lost:
                click.echo(f"         the lab has lost {progress.lost} packets by accident", err=True)
        if as_json:
            print_incidents(run.data)


def _where(command: Any) -> Any:
    """The options of `exec` and `shell`."""
    option = click.option("--scenario", help=f"Start this one.  [default: {DEFAULT_SCENARIO}, if none runs]")
    command = option(command)
    option = click.option(
        "--at", "instant", help="Start at this instant of it, such as 2017-07-18T06:00:00Z."
    )
    return option(command)


@COMMAND.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_where
@click.argument("host")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_command(scenario: str | None, instant: str | None, host: str, command: tuple[str, ...]) -> int:
    """Run COMMAND in a host of your running lab, or of one that lives as long as the command.

    The exit status is the command's.
    """
    # click keeps a "--" that comes after the host
    wanted = list(command[1:] if command[0] == "--" else command)
    if not wanted:
        raise click.UsageError("What to run? wallwatch lab exec HOST -- COMMAND ...")
    return _run_in_host(scenario, instant, host, wanted)


@COMMAND.command("shell")
@_where
@click.argument("host")
def shell_command(scenario: str | None, instant: str | None, host: str) -> int:
    """A shell in a host, as `exec`."""
    shell = os.environ.get("SHELL", "/bin/sh")
    return _run_in_host(scenario, instant, host, [shell if os.access(shell, os.X_OK) else "/bin/sh"])


def _run_in_host(scenario: str | None, instant: str | None, host: str, command: list[str]) -> int:
    moment = None if instant is None else _instant(instant)
    if scenario is None and moment is None:
        _replace_by_command_in_running_lab(host, command)
    with _own_lab(scenario or DEFAULT_SCENARIO, moment, host) as lab:
        return _attend(lab.exec(host, command))


def _replace_by_command_in_running_lab(host: str, command: list[str]) -> None:
    """Become the command, if a lab runs; return if none does. Raises Refusal for an unknown host."""
    from wallwatch.lab import joining
    from wallwatch.lab.messages import LabError

    found = joining.find()
    if found is None:
        return
    place, state = found
    try:
        arguments = joining.launcher(place, state, host, command)
    except KeyError:
        raise unknown("host", host, state.hosts) from None
    except LabError:
        return
    os.execve(arguments[0], arguments, joining.environment(state, None))


@contextmanager
def _own_lab(scenario_name: str, moment: datetime | None, host: str) -> Iterator[Lab]:
    """A lab for one command. Raises Refusal."""
    from wallwatch.lab.lab import Lab
    from wallwatch.lab.messages import LabError

    scenario = scenario_ready(scenario_name)
    hosts = [known.name for known in scenario.hosts]
    if host not in hosts:
        raise unknown("host", host, hosts)
    try:
        with Lab.start(scenario, seed=1) as lab:
            if moment is not None:
                lab.set_instant(moment)
            yield lab
    except LabError as error:
        raise click.ClickException(str(error)) from error


def _attend(process: subprocess.Popen[Any]) -> int:
    """Wait for a command; what would end us ends it. The exit status a shell would give."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    # Ctrl-C reaches the command by itself: it is in the terminal's foreground, as we are.
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    for number in (signal.SIGTERM, signal.SIGHUP):
        before[number] = signal.signal(number, pass_on)
    try:
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"{text!r} is no instant; write it as 2017-07-18T06:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _lines() -> list[Line]:
    from wallwatch import plugins
    from wallwatch.lab import censor_kinds, scenario_file

    lines: dict[tuple[str, str], Line] = {}
    for kind in censor_kinds.all_kinds().values():
        for mechanism in kind.mechanisms:
            line = Line(kind="mechanism", name=mechanism, source=kind.source, summary=kind.summary)
            lines.setdefault(("mechanism", mechanism), line)
    for name, service in plugins.discover("wallwatch.lab.services", "SERVICE").items():
        lines["service", name] = Line(kind="service", name=name, source=None, summary=service.summary)
    for name in scenario_file.names():
        scenario = scenario_file.load_named(name)
        source = " ".join(scenario.source.split())
        line = Line(kind=scenario.kind, name=name, source=source, summary=scenario.title)
        lines["scenario", name] = line
    return list(lines.values())

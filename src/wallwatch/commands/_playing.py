"""Play a scenario for a command: what must be there first, the run itself, how it ends. Shows nothing.

`wallwatch demo` and `wallwatch lab run` differ in what they show, not in this.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from wallwatch import exits
from wallwatch.refusal import CannotHere, Refusal, needs_extra, unknown

if TYPE_CHECKING:
    from wallwatch.lab.run import Progress
    from wallwatch.lab.scenario import Scenario


class Wishes(Struct, frozen=True, kw_only=True):
    """What the user asked for."""

    scenario: Scenario  # of `scenario_ready`
    seed: int
    data: Path | None  # kept; None: a folder that goes away with the run
    pcap: Path | None
    truth: Path | None  # where the log of every censor's decision goes
    page: socket.socket | None  # listens on this machine; None: no pages


class Playing(Struct, frozen=True):
    """A run at work."""

    rounds: Iterator[Progress]
    data: Path


@contextmanager
def playing(wishes: Wishes) -> Iterator[Playing]:
    """Start it; the programs and the lab end with the block.

    Raises Refusal for a data folder that is in use, ClickException where the run breaks down.
    """
    from wallwatch.lab.lab import Lab
    from wallwatch.lab.messages import LabError
    from wallwatch.lab.programs import ProgramFailed
    from wallwatch.lab.run import Plan, play
    from wallwatch.lab.run_folder import run_folder

    station_ready()
    data = new_folder(wishes.data)
    try:
        with ExitStack() as stack:
            stack.enter_context(end_on_signals())
            folder = stack.enter_context(run_folder())
            if data is None:
                data = folder / "data"
                data.mkdir()
            plan = Plan(
                scenario=wishes.scenario,
                folder=folder,
                data=data,
                services=watched(wishes.scenario),
                page=None if wishes.page is None else wishes.page.fileno(),
                pcap=None if wishes.pcap is None else wishes.pcap.absolute(),
            )
            stack.callback(keep_truth, folder, wishes.truth)  # after the lab has written the last of it
            lab = stack.enter_context(Lab.start(wishes.scenario, wishes.seed, folder))
            yield Playing(stack.enter_context(closing(play(lab, plan))), data)
    except (LabError, ProgramFailed) as error:
        raise click.ClickException(str(error)) from error


def keep_truth(folder: Path, wanted: Path | None) -> None:
    """Copy what the censors decided to where the user wants it."""
    log = folder / "truth.jsonl"
    if wanted is not None and log.exists():
        shutil.copyfile(log, wanted)


def station_ready() -> None:
    """Raises CannotHere where the station's packages are missing, before anything is started."""
    for package in ("duckdb", "deltalake", "fastapi", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise needs_extra("station", ModuleNotFoundError(name=package))


def scenario_ready(name: str) -> Scenario:
    """The scenario, on a machine that can play it.

    Raises Refusal with the nearest names or with what is wrong with its file; CannotHere with the cure.
    """
    from wallwatch.lab import scenario_file
    from wallwatch.lab.support import why_not

    try:
        scenario = scenario_file.load_named(name)
    except KeyError:
        raise unknown("scenario", name, scenario_file.names()) from None
    except scenario_file.ScenarioError as error:
        raise Refusal(str(error)) from error
    reason = why_not()
    if reason is not None:
        raise CannotHere(reason)
    return scenario


def new_folder(wanted: Path | None) -> Path | None:
    """The data folder, made if need be. Raises Refusal where it holds something already."""
    if wanted is None:
        return None
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        if any(wanted.iterdir()):
            raise Refusal(
                f"{wanted} is not empty, and a scenario's measurements do not belong among others."
                " Name a new folder with --data."
            )
    except OSError as error:
        raise Refusal(f"Cannot use {wanted}: {error.strerror}. Name another folder with --data.") from error
    return wanted.absolute()


def watched(scenario: Scenario) -> tuple[str, ...]:
    """The catalogue's services that this lab has: every name of every function resolves there."""
    from wallwatch import catalog
    from wallwatch.lab.program_settings import knows_name

    return tuple(
        name
        for name, service in sorted(catalog.load().services.items())
        if all(
            knows_name(scenario, endpoint.host)
            for function in service.functions.values()
            for endpoint in function.endpoints
        )
    )


def print_incidents(data: Path) -> None:
    """One line an incident to standard output, as `wallwatch incidents` prints them, because it does."""
    from wallwatch.lab.programs import COMMAND

    arguments = ["incidents", "--data", str(data), "--format", "jsonl"]
    sys.stdout.flush()
    status = subprocess.run([*COMMAND, *arguments], check=False).returncode
    if status != exits.DONE:
        raise click.ClickException(f"wallwatch {' '.join(arguments)} ended with status {status}")


@contextmanager
def end_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the run as Ctrl-C does: with everything put away."""
    numbers = (signal.SIGTERM, signal.SIGHUP)

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

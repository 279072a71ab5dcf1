"""Play a scenario: a lab, wallwatch's own programs in its hosts, and round after round of its timeline.

For each instant the censors, outages and pulled cables of that instant are set, the control and all probes
work the round at once, then the station judges. Nothing here looks at what they measured or concluded.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol

from msgspec import Struct

from wallwatch.lab import program_settings as settings
from wallwatch.lab.programs import Call, Hosts, Program, call_round, end_all, wait_until_listening
from wallwatch.lab.scenario import Host, Role, Scenario, Stage

ROUND_SECONDS = 60.0  # a blocked round takes about 3
START_SECONDS = 30.0  # until the station, the control and the twins listen
LISTENERS: dict[Role, int] = {
    "station": settings.COLLECTOR_PORT,
    "control": settings.CONTROL_PORT,
    "twin": settings.TWIN_PORTS[0],
}


class RunningLab(Hosts, Protocol):
    """The part of `lab.Lab` that a scenario is played on."""

    noise_root: str

    def set_instant(self, instant: datetime) -> Stage:
        """Scenario time leaps there, and what the timeline has there comes into force."""

    def start_pcap(self, path: Path) -> None:
        """Write every packet."""

    def counters(self) -> dict[str, int]:
        """What became of packets; `lost.*` must be 0."""


class Plan(Struct, frozen=True, kw_only=True):
    """What to play, and where its things go. The folders exist."""

    scenario: Scenario
    folder: Path  # settings, logs, the programs' homes; the caller removes it
    data: Path  # the station's data folder
    services: tuple[str, ...] = ()  # to be watched; none: all that the programs know
    page: int | None = None  # descriptor of a listening socket of the outside, for the station's pages
    pcap: Path | None = None
    round_seconds: float = ROUND_SECONDS


class Progress(Struct, frozen=True, kw_only=True):
    """A round is over."""

    round: int  # from 1
    total: int
    instant: datetime
    stage: str
    seconds: float  # real ones, that the round took
    lost: int  # packets that the router lost by accident, since the start; above 0 nothing can be trusted


def play(lab: RunningLab, plan: Plan) -> Generator[Progress, None, None]:
    """Play it, yielding after each round; the programs are at work until the iterator is closed or exhausted.

    It yields after the last round too, so that the pages can be looked at before it is resumed. Raises
    ProgramFailed, LabError, OSError; KeyError where the scenario lacks a station. Use `contextlib.closing`.
    """
    if plan.pcap is not None:
        lab.start_pcap(plan.pcap)
    with _Crew() as crew:
        _start(lab, plan, crew)
        total = len(plan.scenario.rounds)
        for number, instant in enumerate(plan.scenario.rounds, 1):
            began = time.monotonic()
            stage = lab.set_instant(instant)
            call = Call(number=number, instant=instant, patience=plan.round_seconds)
            call_round(call, crew.of("control"), crew.of("probe"))
            call_round(call, crew.stations)
            yield Progress(
                round=number,
                total=total,
                instant=instant,
                stage=stage.name,
                seconds=time.monotonic() - began,
                lost=sum(count for name, count in lab.counters().items() if name.startswith("lost.")),
            )
        crew.finish()


class _Crew:
    """All programs of a run, ended with it."""

    def __init__(self) -> None:
        self._programs: list[tuple[Role, Program]] = []

    @property
    def stations(self) -> list[Program]:
        """Called when the vantages are done."""
        return self.of("station")

    def of(self, role: Role) -> list[Program]:
        """Those in hosts of a role."""
        return [program for its_role, program in self._programs if its_role == role]

    def add(self, role: Role, program: Program) -> None:
        """One more to end."""
        self._programs.append((role, program))

    def finish(self) -> None:
        """Let vantages, then stations, end in their own time. Raises ProgramFailed where one ends badly."""
        for group in (self.of("control") + self.of("probe"), self.stations):
            for program in group:
                program.end_input()
            for program in group:
                program.finish()

    def __enter__(self) -> _Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end_all([program for _, program in self._programs])


def _start(lab: RunningLab, plan: Plan, crew: _Crew) -> None:
    """Every host's program, and wait until all that others connect to listens. Raises ProgramFailed."""
    for name in ("settings", "logs", "homes"):
        (plan.folder / name).mkdir(exist_ok=True)
    settings.station_of(plan.scenario)
    for host in plan.scenario.hosts:
        arguments = _arguments(plan, host, lab.noise_root)
        if arguments is not None:
            descriptors = [plan.page] if host.role == "station" and plan.page is not None else []
            log = plan.folder / "logs" / f"{host.name}.log"
            crew.add(host.role, Program.start(lab, host.name, arguments, log, descriptors))
    for host in plan.scenario.hosts:
        if host.role in LISTENERS:
            program = next(one for one in crew.of(host.role) if one.name == host.name)
            wait_until_listening(lab, program, host, LISTENERS[host.role], START_SECONDS)


def _arguments(plan: Plan, host: Host, noise_root: str) -> list[str] | None:
    """The command line of the program that a host of this role runs; None where it runs none."""
    homes = plan.folder / "homes"
    whereabouts = settings.Whereabouts(services=plan.services, noise_root=noise_root, homes=homes)
    if host.role == "station":
        listen = settings.at(host, settings.COLLECTOR_PORT)
        page = [] if plan.page is None else ["--listen-fd", str(plan.page)]
        return ["up", "--data", str(plan.data), "--collect", listen, *page, "--rounds", "-"]
    writers = {
        "probe": (settings.probe_settings, ["probe", "run"], ["--rounds", "-"]),
        "control": (settings.control_settings, ["control"], ["--rounds", "-"]),
        "twin": (settings.control_settings, ["control"], ["--twins-only"]),
    }
    if host.role not in writers:
        return None
    write, command, options = writers[host.role]
    (homes / host.name).mkdir(exist_ok=True)
    config = plan.folder / "settings" / f"{host.name}.toml"
    config.write_text(write(plan.scenario, host, whereabouts))
    return [*command, "--config", str(config), *options]

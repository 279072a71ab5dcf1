"""A running lab, as ordinary Python sees it: start it, run commands in its hosts, change it, stop it.

    with Lab.start(load_named("china-whatsapp-2017"), seed=7, folder=folder) as lab:
        lab.set_instant(datetime(2017, 7, 18, 6, tzinfo=UTC))  # a leap, to the stage of that instant
        lab.exec("probe-4134", ["curl", "https://v.whatsapp.net/"], stdout=PIPE)

The caller may have threads: the lab is its own process tree, started fresh, and ends with the caller.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from wallwatch.lab import joining, places
from wallwatch.lab.messages import (
    Config,
    GetCounters,
    LabError,
    Ready,
    SetInstant,
    SetOffline,
    SetStage,
    ShutDown,
    StartPcap,
    State,
    StopPcap,
    read_state,
)
from wallwatch.lab.scenario import Scenario, Stage
from wallwatch.refusal import CannotHere

LOG = "lab.log"  # what the lab's own processes have to say, in the caller's folder
_STOP_SECONDS = 5.0


class Lab:
    """Use `Lab.start`; `with` stops it."""

    def __init__(
        self, scenario: Scenario, place: places.Place, state: State, supervisor: subprocess.Popen[bytes]
    ) -> None:
        self.scenario = scenario
        self.seed = state.seed
        self.truth_log = Path(state.truth_log)  # JSONL, one line a decision (router/truth.py)
        self.ca_pem = state.ca_pem  # the lab's authority; in every host's CA bundle already
        self.noise_root = state.noise_root  # hex, X25519 public: WhatsApp's pin in this lab
        self.seconds = state.seconds  # how long the parts of the start took, each since the beginning
        self._place, self._state, self._supervisor = place, state, supervisor

    @classmethod
    def start(cls, scenario: Scenario, seed: int, folder: Path | None = None) -> Lab:
        """Bring the scenario's hosts, links and services up; returns when every service listens.

        `folder` exists and is the caller's: `truth.jsonl` and `lab.log` are written there. Without one the
        truth lies in the lab's own memory and is gone with it. Raises LabError, or CannotHere with the cure
        where the machine forbids namespaces.
        """
        where = None if folder is None else str(folder.resolve())
        config = Config(scenario=scenario, seed=seed, folder=where)
        with ExitStack() as stack:
            log = None if folder is None else stack.enter_context((folder / LOG).open("ab"))
            supervisor = subprocess.Popen(
                [sys.executable, "-P", "-m", "wallwatch.lab.supervisor"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
            )
        try:
            place, state = _await_ready(supervisor, config)
        except BaseException:
            _end(supervisor)
            raise
        return cls(scenario, place, state, supervisor)

    def exec(self, host: str, argv: Sequence[str], **popen: Any) -> subprocess.Popen[Any]:
        """Start a command in a host's namespaces; `popen` as for subprocess.Popen (`pass_fds` works).

        The exit status is the command's, and signals sent to the Popen reach it. Raises KeyError for an
        unknown host, LabError if the lab is gone.
        """
        return joining.start(self._place, self._state, host, argv, **popen)

    def set_instant(self, instant: datetime) -> Stage:
        """Scenario time leaps there: residual blocks expire; sets and returns the stage in force there."""
        stage = joining.ask(self._place, SetInstant(instant=instant)).stage
        assert stage is not None
        return stage

    def set_stage(self, stage: Stage) -> None:
        """Another stage than the timeline's: censors, modes, offline hosts. The clock runs on."""
        joining.ask(self._place, SetStage(stage=stage))

    def set_offline(self, host: str, offline: bool = True) -> None:
        """Pull the host's cable, or put it back. Holds until the next stage or instant is set."""
        joining.ask(self._place, SetOffline(host=host, offline=offline))

    def start_pcap(self, path: Path) -> None:
        """Write every packet as it enters and as it leaves the router, from now on. Raises LabError."""
        joining.ask(self._place, StartPcap(path=str(path.resolve())))

    def stop_pcap(self) -> None:
        """Close the file."""
        joining.ask(self._place, StopPcap())

    def counters(self) -> dict[str, int]:
        """Packets by what became of them; `dropped.*` are deliberate, those of `lost.*` must be 0."""
        return joining.ask(self._place, GetCounters()).counters

    def lost(self) -> dict[str, int]:
        """Packets that the lab itself failed to carry, by reason; empty in a sound run."""
        return {name: count for name, count in self.counters().items() if name.startswith("lost.") and count}

    @property
    def is_running(self) -> bool:
        """Whether its first process lives."""
        return self._place.is_alive()

    def stop(self) -> None:
        """End every process of the lab. Twice is fine."""
        if self._supervisor.poll() is None:
            with suppress(LabError):
                joining.ask(self._place, ShutDown())  # so that an open capture is written to its end
        _end(self._supervisor)
        self._place.remove()

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _await_ready(supervisor: subprocess.Popen[bytes], config: Config) -> tuple[places.Place, State]:
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    with suppress(BrokenPipeError):
        supervisor.stdin.write(msgspec.json.encode(config) + b"\n")
    line = supervisor.stdout.readline()
    if not line:
        raise LabError("the lab's supervisor ended before it began; see its log")
    ready = msgspec.json.decode(line, type=Ready)
    if ready.cannot_here:
        raise CannotHere(ready.error)
    if ready.error:
        raise LabError(ready.error)
    place = places.Place(ready.pid, ready.started, Path(ready.folder))
    return place, read_state(place.inside)


def _end(supervisor: subprocess.Popen[bytes]) -> None:
    """Hang up; it ends the lab. If it does not, the kernel does."""
    for pipe in (supervisor.stdin, supervisor.stdout):
        if pipe is not None:
            pipe.close()
    try:
        supervisor.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()

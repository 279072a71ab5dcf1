"""What is said to a running lab: lines of JSON on its UNIX socket, and the same between its processes.

A request is an object whose `command` names it; the answer is `{"ok": true, ...}`, or `{"ok": false, "error":
...}`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec import Struct

from wallwatch.lab.scenario import Scenario, Stage


class LabError(Exception):
    """The lab could not do it; the message says why."""


class _Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="command"):
    pass


class SetInstant(_Command, frozen=True, kw_only=True, tag="instant"):
    """Leap in scenario time, to the stage that the timeline has there."""

    instant: datetime


class SetStage(_Command, frozen=True, kw_only=True, tag="stage"):
    """Put a stage into force."""

    stage: Stage
    instant: datetime | None = None  # and leap there; None: the clock runs on


class SetOffline(_Command, frozen=True, kw_only=True, tag="offline"):
    """Pull a host's cable, or put it back."""

    host: str
    offline: bool


class StartPcap(_Command, frozen=True, kw_only=True, tag="start_pcap"):
    """Write packets to a file, which must not be open already."""

    path: str  # absolute


class StopPcap(_Command, frozen=True, kw_only=True, tag="stop_pcap"):
    """Close it; without one, nothing happens."""


class GetCounters(_Command, frozen=True, kw_only=True, tag="counters"):
    """Ask what became of the packets."""


class ShutDown(_Command, frozen=True, kw_only=True, tag="shut_down"):
    """End the lab."""


Command: TypeAlias = SetInstant | SetStage | SetOffline | StartPcap | StopPcap | GetCounters | ShutDown


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What comes back. Fields a command does not speak of are absent."""

    ok: bool
    error: str = ""
    stage: Stage | None = None
    counters: dict[str, int] = {}

    def checked(self) -> Answer:
        """Itself. Raises LabError if it says no."""
        if not self.ok:
            raise LabError(self.error)
        return self


class Config(Struct, frozen=True, kw_only=True):
    """What a lab is started with: one JSON line on the supervisor's standard input."""

    scenario: Scenario
    seed: int
    folder: str | None  # absolute; for the truth log. None: inside the lab, gone with it


class HostHandle(Struct, frozen=True, kw_only=True):
    """Where a host's namespaces are: descriptors of the lab's first process."""

    network: int
    mounts: int
    name: int


class State(Struct, frozen=True, kw_only=True):
    """What others need to join a lab: `state.json` in its folder. No secrets but the lab's own."""

    scenario: str
    seed: int
    hosts: dict[str, HostHandle]
    truth_log: str
    ca_pem: str
    ca_bundle: str  # path, inside the hosts
    noise_root: str  # hex
    seconds: dict[str, float]  # how long each part of the start took


class Ready(Struct, frozen=True, kw_only=True):
    """The supervisor's only line of output: where the lab is, or why there is none."""

    pid: int = 0
    started: int = 0
    folder: str = ""
    error: str = ""
    cannot_here: bool = False  # this machine cannot; `error` holds the cure


decode_command = msgspec.json.Decoder(Command).decode
decode_answer = msgspec.json.Decoder(Answer).decode
encode = msgspec.json.encode

CONTROL_SOCKET = "control"
STATE_FILE = "state.json"


def read_state(folder: Path) -> State:
    """Raises OSError where there is no lab (any more)."""
    return msgspec.json.decode((folder / STATE_FILE).read_bytes(), type=State)

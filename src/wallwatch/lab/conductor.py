"""What the lab's first process does once all is built: obey commands, bury the dead, miss the missing."""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from datetime import datetime

import msgspec

from wallwatch.lab.host_network import HostNetwork
from wallwatch.lab.lines import Lines
from wallwatch.lab.messages import (
    Answer,
    Command,
    GetCounters,
    LabError,
    SetInstant,
    SetOffline,
    SetStage,
    ShutDown,
    decode_answer,
    decode_command,
)
from wallwatch.lab.netlink import Netlink
from wallwatch.lab.scenario import Scenario, Stage

WORKING = "ok"  # a test double's mode where the stage names none
_ANSWER_SECONDS = 10.0


class _Said(msgspec.Struct):
    """What a host's test doubles say: `ready` once, then `ok` to every request (lab/services/_run.py)."""

    ready: bool | None = None
    ok: bool = False
    error: str = ""


class DoubleChannel:
    """The conversation with the test doubles of one host."""

    def __init__(self, host: str, services: tuple[str, ...], channel: socket.socket) -> None:
        channel.settimeout(_ANSWER_SECONDS)
        self.host = host
        self._lines = Lines(channel)
        self._modes = dict.fromkeys(services, WORKING)

    def wait_until_ready(self) -> None:
        """Raises LabError with the doubles' reason."""
        said = self._listen()
        if not said.ready:
            raise LabError(f"the services of {self.host} do not start: {said.error}")

    def apply(self, modes: dict[str, str]) -> None:
        """Switch those doubles whose mode is another now. Raises LabError."""
        for service, mode in self._modes.items():
            wanted = modes.get(f"{service}@{self.host}", modes.get(service, WORKING))
            if wanted != mode:
                self._lines.send({"service": service, "mode": wanted})
                said = self._listen()
                if not said.ok:
                    raise LabError(f"{service} at {self.host}: {said.error}")
                self._modes[service] = wanted

    def _listen(self) -> _Said:
        try:
            line = self._lines.receive()
        except OSError as error:
            raise LabError(f"the services of {self.host} do not answer: {error}") from error
        if line is None:
            raise LabError(f"the services of {self.host} have ended; the lab's log says why")
        return msgspec.json.decode(line, type=_Said)


class Conductor:
    """Holds the ends of all conversations."""

    def __init__(  # one of each of the lab's parts
        self,
        scenario: Scenario,
        control: socket.socket,
        router: socket.socket,
        doubles: list[DoubleChannel],
        links: dict[str, HostNetwork],
        netlink: Netlink,
    ) -> None:
        self._scenario = scenario
        self._control = control
        router.settimeout(_ANSWER_SECONDS)
        self._router = Lines(router)
        self._doubles = doubles
        self._links = links
        self._netlink = netlink  # of the router's namespace
        self._selector = selectors.DefaultSelector()
        self._stop = False

    def serve(self) -> int:
        """Until told to shut down, or the router is gone. The exit status."""
        gc.enable()
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._selector.register(self._control, selectors.EVENT_READ, self._accept)
        self._selector.register(wake_read, selectors.EVENT_READ, lambda: self._bury(wake_read))
        self._selector.register(self._router.channel, selectors.EVENT_READ, self._router_ended)
        self._bury(None)
        while not self._stop:
            for key, _ in self._selector.select():
                key.data()
        return 0

    def _router_ended(self) -> None:
        """It speaks only when spoken to, so this is its end; without it there is no network."""
        print("lab: the router has ended", file=sys.stderr, flush=True)
        self._stop = True

    def _bury(self, wake: int | None) -> None:
        if wake is not None:
            os.read(wake, 4096)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    def _accept(self) -> None:
        connection, _ = self._control.accept()
        connection.settimeout(_ANSWER_SECONDS)
        lines = Lines(connection)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._converse(lines))

    def _converse(self, lines: Lines) -> None:
        """Answer what has arrived; hang up with whoever has, or sends no whole line."""
        try:
            while True:
                line = lines.receive()
                if line is None:
                    break
                lines.send(self._answer(line))
                if not lines.has_line:
                    return
        except OSError:
            pass
        self._selector.unregister(lines.channel)
        lines.channel.close()

    def _answer(self, line: bytes) -> Answer:
        try:
            return self._obey(decode_command(line))
        except (LabError, OSError, msgspec.DecodeError) as error:
            return Answer(ok=False, error=str(error))

    def _obey(self, command: Command) -> Answer:
        match command:
            case SetInstant(instant=instant):
                return self._set_stage(self._scenario.stage_at(instant), instant)
            case SetStage(stage=stage, instant=instant):
                return self._set_stage(stage, instant)
            case SetOffline(host=host) if host not in self._links:
                raise LabError(f"there is no host {host!r}")
            case GetCounters():
                counters = self._ask_router(command).counters
                return Answer(ok=True, counters=counters | self._link_counters())
            case ShutDown():
                self._stop = True
                return self._ask_router(command)
            case _:
                return self._ask_router(command)

    def _set_stage(self, stage: Stage, instant: datetime | None) -> Answer:
        for name in stage.offline:
            if name not in self._links:
                raise LabError(f"there is no host {name!r}")
        for channel in self._doubles:
            channel.apply(stage.modes)
        self._ask_router(SetStage(stage=stage, instant=instant))
        return Answer(ok=True, stage=stage)

    def _ask_router(self, command: Command) -> Answer:
        self._router.send(command)
        line = self._router.receive()
        if line is None:
            self._stop = True
            raise LabError("the router has ended; the lab's log says why")
        return decode_answer(line).checked()

    def _link_counters(self) -> dict[str, int]:
        """What the kernel dropped on the links: a veth's transmitter counts what its peer had no room for."""
        hosts = sum(link.netlink.dropped(link.interface)[1] for link in self._links.values())
        router = sum(self._netlink.dropped(link.port)[1] for link in self._links.values())
        return {"lost.link_from_host": hosts, "lost.link_to_host": router}

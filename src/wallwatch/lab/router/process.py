"""The router's process: waits for packets, its timer and its channel, and hands each to who knows of it."""

from __future__ import annotations

import gc
import select
import socket
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from wallwatch.lab import censor_kinds
from wallwatch.lab.lines import Lines
from wallwatch.lab.messages import (
    Answer,
    Command,
    GetCounters,
    LabError,
    SetOffline,
    SetStage,
    ShutDown,
    StartPcap,
    StopPcap,
    decode_command,
)
from wallwatch.lab.native import Timer
from wallwatch.lab.router.boxes import Boxes
from wallwatch.lab.router.config import RouterConfig
from wallwatch.lab.router.forwarder import Forwarder
from wallwatch.lab.router.lab_clock import LabClock
from wallwatch.lab.router.pcap import PcapWriter
from wallwatch.lab.router.ring import Cable, open_cables
from wallwatch.lab.router.routes import Routes
from wallwatch.lab.router.schedule import Schedule
from wallwatch.lab.router.truth import TruthLog
from wallwatch.lab.scenario import Scenario

# Of the schedule, before the cables are looked at again: a packet that is late is better than one lost.
_STEPS_AT_ONCE = 64


def main(config: RouterConfig, channel: socket.socket) -> None:
    """Carry packets until told to shut down.

    Makes itself ready, waits for a byte on the channel, which says that the hosts' cables are there, and
    answers with one once it sees every packet.
    """
    router = _Router(config, Lines(channel))
    if not channel.recv(1):
        return
    router.plug_in()
    channel.send(b"\n")
    if any(stage.censors for stage in config.scenario.stages):
        censor_kinds.all_kinds()  # imported now, while services start, and not when packets wait
    gc.enable()
    gc.freeze()  # what there is stays; the collector need not look at it between packets
    router.run()


class _Router:
    def __init__(self, config: RouterConfig, lines: Lines) -> None:
        self._scenario, self._lines = config.scenario, lines
        self._ports = config.ports
        self._cables = open_cables([port.mac for port in config.ports])
        self._numbers = {port.host: number for number, port in enumerate(config.ports)}
        self._timer = Timer()
        self._schedule = Schedule(self._timer)
        begin = _first_instant(config.scenario)
        self._clock = LabClock(config.scenario.time.scale, begin, time.monotonic())
        seed = config.seed.to_bytes(16, "big", signed=True)
        routes = Routes(config.scenario)
        counters: dict[str, int] = {}
        self._boxes = Boxes(self._clock, TruthLog(config.truth), seed, counters)
        self._forwarder = Forwarder(self._cables, routes, self._boxes, seed, self._schedule.push)
        self._forwarder.counters = counters
        self._pcap: PcapWriter | None = None
        self._stop = False
        self._apply(SetStage(stage=config.scenario.stage_at(begin)))

    def plug_in(self) -> None:
        """The interfaces exist now."""
        for cable, port in zip(self._cables, self._ports, strict=True):
            cable.plug_in(port.interface)

    def run(self) -> None:
        """The loop."""
        poll = select.epoll()
        handlers: dict[int, Callable[[], None]] = {}
        for number, cable in enumerate(self._cables):
            handlers[cable.fileno()] = partial(self._drain, number, cable)
        handlers[self._timer.fileno()] = self._schedule.timer_fired
        handlers[self._lines.channel.fileno()] = self._obey
        for descriptor in handlers:
            poll.register(descriptor, select.EPOLLIN)
        while not self._stop:
            for descriptor, events in poll.poll(0 if self._is_behind() else None):
                handlers[descriptor]()
                if events & select.EPOLLERR:
                    self._forget_error(descriptor)
            self._work_off()
            self._schedule.arm()

    def _forget_error(self, descriptor: int) -> None:
        """A link went down: the socket says so once, and epoll for as long as nobody has heard it."""
        for cable in self._cables:
            if cable.fileno() == descriptor:
                cable.forget_error()

    def _is_behind(self) -> bool:
        return self._schedule.is_due(time.monotonic())

    def _drain(self, number: int, cable: Cable) -> None:
        arrive = self._forwarder.arrive
        for came, frame in cable.take():
            arrive(number, came, frame)

    def _work_off(self) -> None:
        pop, run = self._schedule.pop_due, self._forwarder.run
        now = time.monotonic()
        for _ in range(_STEPS_AT_ONCE):
            due = pop(now)
            if due is None:
                return
            run(*due)

    def _obey(self) -> None:
        line = self._lines.receive()
        if line is None:
            self._stop = True
            return
        try:
            answer = self._apply(decode_command(line))
        except (LabError, OSError, ValueError) as error:
            answer = Answer(ok=False, error=str(error))
        except Exception as error:  # noqa: BLE001  a bug in a censor's making must not end the network
            traceback.print_exc()
            answer = Answer(ok=False, error=f"{type(error).__name__}: {error}")
        self._lines.send(answer)

    def _apply(self, command: Command) -> Answer:
        match command:
            case SetStage():
                self._set_stage(command)
            case SetOffline(host=host, offline=offline):
                change = self._forwarder.offline.add if offline else self._forwarder.offline.discard
                change(self._numbers[host])
            case StartPcap(path=path):
                self._start_pcap(Path(path))
            case StopPcap():
                self._stop_pcap()
            case GetCounters():
                return Answer(ok=True, counters=self._counters())
            case ShutDown():
                self._stop_pcap()
                self._stop = True
            case _:
                raise LabError(f"the router does not know {command!r}")
        return Answer(ok=True)

    def _set_stage(self, command: SetStage) -> None:
        self._boxes.set_stage(command.stage)
        self._forwarder.offline = {self._numbers[host] for host in command.stage.offline}
        self._forwarder.place_censors()
        if command.instant is not None:
            self._clock.leap(command.instant, time.monotonic())
            self._boxes.leap()
            self._forwarder.forget_flows()

    def _start_pcap(self, path: Path) -> None:
        if self._pcap is not None:
            raise LabError("packets are being written to a file already")
        self._pcap = PcapWriter(path)
        pcap, posix = self._pcap, self._clock.posix
        self._forwarder.capture = lambda moment, frame: pcap.write(posix(moment), frame)

    def _stop_pcap(self) -> None:
        if self._pcap is not None:
            self._forwarder.capture = None
            self._pcap.close()
            self._pcap = None

    def _counters(self) -> dict[str, int]:
        ring = sum(cable.count_dropped() for cable in self._cables)
        return self._forwarder.counters | {"lost.ring": ring, "in_flight": len(self._schedule)}


def _first_instant(scenario: Scenario) -> datetime:
    """Where the timeline begins; the present, where there is none."""
    begins = scenario.rounds[:1] + [stage.since for stage in scenario.stages[:1]]
    return min(begins) if begins else datetime.now(UTC)

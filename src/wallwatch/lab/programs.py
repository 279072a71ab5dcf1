"""wallwatch's own commands at work inside the lab's hosts, called round by round over their pipes.

What runs is the installed command, as a user would start it. When a round is, is said by lab/run.py; what the
programs measure and conclude is their own business.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec
from msgspec import Struct

from wallwatch.lab.scenario import Host
from wallwatch.model.times import to_rfc3339

COMMAND = (sys.executable, "-P", "-m", "wallwatch")
LINES_SHOWN = 12  # of a program's log, where it fails
READ_SIZE = 65536
FINISH_SECONDS = 20.0  # after the last round: unsent measurements, the last commit
QUICK_SECONDS = 2.0  # for programs that are stopped in the middle of things

# Waits in a host until something listens there; started without site packages it takes 20 ms.
LISTENS = """
import socket, sys, time
end = time.monotonic() + float(sys.argv[3])
while True:
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()
        break
    except OSError:
        if time.monotonic() > end:
            sys.exit(1)
        time.sleep(0.05)
"""


class Hosts(Protocol):
    """The part of a lab that programs need."""

    def exec(self, host: str, argv: Sequence[str], **popen: Any) -> subprocess.Popen[Any]:
        """Start a command in a host's namespaces."""


class ProgramFailed(RuntimeError):  # noqa: N818 - says what happened
    """A program ended, or did not answer, or said what it should not; the message ends with its log's end."""


class Answer(Struct, frozen=True):
    """What a program prints: when it has begun a round (not done), and when it is done with it."""

    round: int
    done: bool


class Program:
    """One command in one host."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        """`process` has pipes for its standard input and output; its standard error goes to `log`."""
        assert process.stdin is not None
        assert process.stdout is not None
        self.name = name
        self.log = log
        self._process = process
        self._input: IO[bytes] = process.stdin
        self._output: IO[bytes] = process.stdout
        self._unread = b""
        self.begun = 0  # the newest round that it has begun
        self.finished = 0  # and the newest that it is done with
        os.set_blocking(self._output.fileno(), False)

    @classmethod
    def start(
        cls, hosts: Hosts, host: str, arguments: Sequence[str], log: Path, descriptors: Sequence[int] = ()
    ) -> Program:
        """Run `wallwatch ARGUMENTS` in a host; `descriptors` are handed on. Raises OSError, KeyError."""
        with log.open("ab") as errors:
            process = hosts.exec(
                host,
                [*COMMAND, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=tuple(descriptors),
                start_new_session=True,  # Ctrl-C is for us, who then end it properly
            )
        return cls(host, process, log)

    def fileno(self) -> int:
        """Of its standard output, for selectors."""
        return self._output.fileno()

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def call(self, number: int, instant: datetime) -> None:
        """Tell it a round. Raises ProgramFailed where it has ended."""
        line = msgspec.json.encode({"round": number, "instant": to_rfc3339(instant)}) + b"\n"
        try:
            self._input.write(line)
            self._input.flush()
        except BrokenPipeError:
            raise self.failed("has ended") from None

    def hear(self) -> None:
        """Read what it has said. Raises ProgramFailed where it has ended, or said what it should not."""
        data = self._output.read(READ_SIZE)
        if data == b"":
            with suppress(subprocess.TimeoutExpired):  # its pipe closes a moment before it is gone
                self._process.wait(1.0)
            raise self.failed("has ended")
        *lines, self._unread = (self._unread + (data or b"")).split(b"\n")
        for answer in (self._answer(line) for line in lines if line.strip()):
            self.begun = answer.round
            if answer.done:
                self.finished = answer.round

    def failed(self, what: str) -> ProgramFailed:
        """An error to raise about it: its name, `what`, and the end of its log."""
        status = self._process.poll()
        ended = f" (exit status {status})" if status is not None else ""
        return ProgramFailed(f"{self.name} {what}{ended}. {self._last_words()}")

    def end_input(self) -> None:
        """No more rounds: it finishes and exits."""
        with suppress(BrokenPipeError):  # it was quicker
            self._input.close()

    def finish(self, patience: float = FINISH_SECONDS) -> None:
        """Wait until it has ended by itself, after `end_input`. Raises ProgramFailed unless it ended well."""
        try:
            status = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            raise self.failed(f"has not ended within {patience:.0f} s after the last round") from None
        if status:
            raise self.failed("ended badly")

    def terminate(self) -> None:
        """Ask it to stop at once."""
        self._process.terminate()

    def end(self, patience: float) -> None:
        """End it, by force where it takes longer than that many seconds. Twice is fine."""
        self.end_input()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def _answer(self, line: bytes) -> Answer:
        try:
            return msgspec.json.decode(line, type=Answer)
        except msgspec.DecodeError:
            raise self.failed(
                f"said {line[:200].decode(errors='replace')!r} on its standard output"
            ) from None

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
        except OSError:
            lines = []
        return (
            "Its last words:\n" + "\n".join(f"    {line}" for line in lines) if lines else "It said nothing."
        )


class Call(Struct, frozen=True, kw_only=True):
    """A round to be worked."""

    number: int
    instant: datetime
    patience: float  # real seconds


def call_round(call: Call, leaders: Sequence[Program], others: Sequence[Program] = ()) -> None:
    """Tell the leaders, then, when these have set their clocks, all others at once; wait until each is done.

    Raises ProgramFailed, naming one that ended, or all that were not done in time.
    """
    end = time.monotonic() + call.patience
    for program in leaders:
        program.call(call.number, call.instant)
    if others:
        _wait(leaders, lambda program: program.begun >= call.number, call, end)
    for program in others:
        program.call(call.number, call.instant)
    _wait([*leaders, *others], lambda program: program.finished >= call.number, call, end)


def _wait(programs: Sequence[Program], is_there: Callable[[Program], bool], call: Call, end: float) -> None:
    with selectors.DefaultSelector() as selector:
        for program in programs:
            selector.register(program, selectors.EVENT_READ, program)
        while waiting := [program for program in programs if not is_there(program)]:
            ready = selector.select(max(0.0, end - time.monotonic()))
            if not ready:
                first, *others = waiting
                too = f", nor have {', '.join(other.name for other in others)}" if others else ""
                raise first.failed(f"has not finished round {call.number} within {call.patience:.0f} s{too}")
            for key, _ in ready:
                key.data.hear()


def end_all(programs: Sequence[Program]) -> None:
    """End all of them, whatever they are doing, by force where they take long. Twice is fine."""
    for program in programs:
        program.terminate()
    end = time.monotonic() + QUICK_SECONDS
    for program in programs:
        program.end(max(0.0, end - time.monotonic()))


def wait_until_listening(hosts: Hosts, program: Program, host: Host, port: int, patience: float) -> None:
    """Wait, inside the host, until its first address answers at that port.

    Raises ProgramFailed if `program`, who should listen there, ends or has not begun in `patience` seconds.
    """
    argv = [sys.executable, "-I", "-S", "-c", LISTENS, host.addresses[0], str(port), str(patience)]
    waiting = hosts.exec(host.name, argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while (status := waiting.poll()) is None:
            if program.has_ended:
                raise program.failed("has ended")
            time.sleep(0.02)
    finally:
        waiting.kill()
        waiting.wait()
    if status:
        raise program.failed(f"does not listen at port {port}")

"""Run a host's doubles until SIGTERM, switching their modes on request. Enters no namespace itself.

The control channel is lines of JSON. When everything listens (or cannot) we send `{"ready": true}` (or
`{"ready": false, "error": ...}` and end with status 1). A request `{"service": "whatsapp", "mode": "down"}`
is answered by the same object with `"ok": true`, or `"ok": false` and `"error"`, once the switch is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from wallwatch import plugins
from wallwatch.lab.services._context import Running, Service, ServiceContext

_PACKAGE = "wallwatch.lab.services"

Control = int | str | None  # a connected UNIX stream socket's descriptor, a path to listen on, or no control


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    service: str
    mode: str


def run_services(
    services: Sequence[tuple[str, Mapping[str, Any]]], context: ServiceContext, control: Control = None
) -> int:
    """Serve `services` (name and options each) until SIGTERM, SIGINT or the control descriptor's end.

    Returns the exit status: 0, or 1 when they could not start. The error goes to the control channel, and is
    raised (OSError, ValueError) where there is none.
    """
    return asyncio.run(_run(services, context, control))


async def _run(
    services: Sequence[tuple[str, Mapping[str, Any]]], context: ServiceContext, control: Control
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        channel = await stack.enter_async_context(_Channel.open(control, stop))
        try:
            channel.running = await _start(services, context, stack)
        except (OSError, ValueError) as error:
            if control is None:
                raise
            await channel.announce({"ready": False, "error": str(error)})
            return 1
        await channel.announce({"ready": True})
        await stop.wait()
    return 0


async def _start(
    services: Sequence[tuple[str, Mapping[str, Any]]],
    context: ServiceContext,
    stack: contextlib.AsyncExitStack,
) -> dict[str, Running]:
    known: dict[str, Service] = plugins.discover(_PACKAGE, "SERVICE")
    running: dict[str, Running] = {}
    for name, options in services:
        if name not in known:
            raise ValueError(f"there is no test double {name!r}; known: {', '.join(known)}")
        if name in running:
            raise ValueError(f"{name} is listed twice for one host")
        running[name] = await known[name].serve(msgspec.structs.replace(context, options=options))
        stack.push_async_callback(running[name].close)
    return running


class _Channel:
    """The control channel: one inherited connection, or any number of them at a path."""

    def __init__(self, stop: asyncio.Event) -> None:
        self.running: dict[str, Running] = {}
        self._stop = stop
        self._last_word: bytes = b""
        self._writers: set[asyncio.StreamWriter] = set()
        self._conversations: set[asyncio.Task[None]] = set()
        self._ends_with_peer = False

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, control: Control, stop: asyncio.Event) -> AsyncIterator[_Channel]:
        """Connect or listen; requests are answered from then on."""
        channel = cls(stop)
        server = None
        if isinstance(control, int):
            channel._ends_with_peer = True
            reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=control))
            channel._writers.add(writer)
            channel._conversations.add(asyncio.create_task(channel._converse(reader, writer)))
        elif control is not None:
            server = await asyncio.start_unix_server(channel._accept, control)
        try:
            yield channel
        finally:
            await channel._hang_up()
            if server is not None:
                server.close()
                Path(str(control)).unlink(missing_ok=True)

    async def announce(self, message: dict[str, object]) -> None:
        """Say it to whom we are connected, and to those who connect later."""
        self._last_word = msgspec.json.encode(message) + b"\n"
        for writer in list(self._writers):
            with contextlib.suppress(OSError):  # that one is gone; its conversation notices by itself
                await _say(writer, self._last_word)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._conversations.add(task)
        self._writers.add(writer)
        if self._last_word:
            writer.write(self._last_word)
        await self._converse(reader, writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                await _say(writer, msgspec.json.encode(await self._obey(line)) + b"\n")
        except (OSError, ValueError):
            pass  # the supervisor is gone, or sent a line longer than any request
        finally:
            self._writers.discard(writer)
            writer.close()
            if self._ends_with_peer:
                self._stop.set()

    async def _obey(self, line: bytes) -> dict[str, object]:
        try:
            request = msgspec.json.decode(line, type=_Request)
        except msgspec.DecodeError as error:
            return {"ok": False, "error": str(error)}
        answer: dict[str, object] = {"service": request.service, "mode": request.mode}
        if request.service not in self.running:
            return answer | {"ok": False, "error": f"{request.service} does not run here"}
        try:
            await self.running[request.service].set_mode(request.mode)
        except (OSError, ValueError) as error:
            return answer | {"ok": False, "error": str(error)}
        return answer | {"ok": True}

    async def _hang_up(self) -> None:
        for writer in list(self._writers):
            with contextlib.suppress(OSError):
                await writer.drain()
        for task in self._conversations:
            task.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)


async def _say(writer: asyncio.StreamWriter, line: bytes) -> None:
    writer.write(line)
    await writer.drain()

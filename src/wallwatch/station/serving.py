"""`wallwatch up`: pages, API and collector in one process, the pipeline beside them, on time or in rounds."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from typing import TypeAlias

import uvicorn
from fastapi import FastAPI
from msgspec import Struct

from wallwatch.archive.folder import DataFolder
from wallwatch.archive.segments import Archive
from wallwatch.catalog.loader import load
from wallwatch.collector.app import create_app as create_collector
from wallwatch.collector.arrivals import identify
from wallwatch.lake.reading import Reading
from wallwatch.net.clock import SteppedClock, SystemClock
from wallwatch.net.rounds import NotARound, Round, work
from wallwatch.refusal import Refusal
from wallwatch.station.knowledge import knowledge_of
from wallwatch.station.ledger import Ledger
from wallwatch.station.reader import StationReader
from wallwatch.station.station import Station

PAUSE = 3.0  # seconds between steps
GRACE = 3.0  # seconds for requests under way when it ends
LOG = logging.getLogger("wallwatch.station")

Pages: TypeAlias = Callable[[StationReader], FastAPI]  # web/ and station/ do not know each other


class Doors(Struct, frozen=True, kw_only=True):
    """Listening sockets. No collector: measurements come by `ingest` only."""

    pages: socket.socket
    collector: socket.socket | None


def serve(folder: DataFolder, doors: Doors, pages: Pages, *, in_rounds: bool) -> None:
    """Until SIGTERM or Ctrl-C; in rounds, until standard input ends. Raises Refusal at a bad line."""
    asyncio.run(_serve(folder, doors, pages, SteppedClock() if in_rounds else None))


async def _serve(folder: DataFolder, doors: Doors, pages: Pages, stepped: SteppedClock | None) -> None:
    now = _clock(stepped)
    with ExitStack() as stack:
        archive = stack.enter_context(Archive(folder.archive, identify))
        station = stack.enter_context(closing(Station(folder, archive, knowledge_of(load()))))
        reading = stack.enter_context(closing(Reading(folder.lake)))
        ledger = stack.enter_context(closing(Ledger(folder.station_db)))
        thread = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="pipeline"))

        async def step() -> None:
            await asyncio.get_running_loop().run_in_executor(thread, station.step)

        def raw_of(uid: str) -> bytes | None:
            record = archive.get(uid)
            return record.line if record else None

        reader = StationReader(reading, ledger, load(), now, raw_of)
        servers = [_Server(pages(reader), doors.pages)]
        if doors.collector is not None:
            servers.append(_Server(create_collector(archive, now), doors.collector))
        pipeline = _steps(step) if stepped is None else _rounds(stepped, step)
        await _until_the_first_ends(servers, pipeline)


def _clock(stepped: SteppedClock | None) -> Callable[[], datetime]:
    """The station's time; before the first round there is none but the machine's."""
    system = SystemClock()

    def now() -> datetime:
        try:
            return stepped.wall_now() if stepped else system.wall_now()
        except RuntimeError:
            return system.wall_now()

    return now


async def _steps(step: Callable[[], Awaitable[None]]) -> None:
    """A step every few seconds, for ever. One that fails is told, and the next one tries again."""
    while True:
        try:
            await step()
        except Exception:
            LOG.exception("A step of the pipeline failed; what was received is kept, and it is tried again.")
        await asyncio.sleep(PAUSE)


async def _rounds(clock: SteppedClock, step: Callable[[], Awaitable[None]]) -> None:
    """A step for each round that is called, and one at the end for what came last."""

    async def one(_: Round) -> None:
        await step()

    try:
        await work(clock, one)
    except NotARound as error:
        raise Refusal(f"--rounds -: {error}") from error
    await step()


async def _until_the_first_ends(servers: list[_Server], pipeline: Awaitable[None]) -> None:
    """The pipeline, a server or a signal: whichever ends first ends all."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    serving = [asyncio.ensure_future(server.work()) for server in servers]
    working = asyncio.ensure_future(pipeline)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait([*serving, working, stopping], return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    working.cancel()
    stopping.cancel()
    results = await asyncio.gather(*serving, working, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


class _Server(uvicorn.Server):
    """A server over a socket that is open already; signals are for the whole process, handled above."""

    def __init__(self, app: FastAPI, listening: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,  # no address is ever written
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=int(GRACE),
            )
        )
        self._listening = listening

    async def work(self) -> None:
        await self.serve(sockets=[self._listening])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

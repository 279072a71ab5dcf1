"""The control as a program: answers requests, measures on a schedule or when called, hands everything in."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from msgspec import Struct

from wallwatch.catalog import Catalogue
from wallwatch.control.api import Api
from wallwatch.control.config import ControlConfig
from wallwatch.control.measuring import ControlPlan, Measuring
from wallwatch.control.server import Server
from wallwatch.net.clock import SteppedClock
from wallwatch.net.rounds import Round
from wallwatch.net.seam import Net
from wallwatch.vantage.api import Twins
from wallwatch.vantage.handing_in import Collector, Spool, hand_in
from wallwatch.vantage.looking import equip
from wallwatch.vantage.rounds import work_rounds
from wallwatch.vantage.settings import checked_services, chosen_canaries

SPOOL = "spool"


class Program(Struct, frozen=True, kw_only=True):
    """A control, ready to run."""

    net: Net
    measuring: Measuring
    server: Server
    publisher: Publisher
    pause: float  # seconds between rounds

    async def once(self, number: int | None) -> None:
        """One scheduled measurement of everything, handed in."""
        for content in await self.measuring.everything(number):
            await self.publisher.keep(content)
        await self.publisher.send()

    async def called(self, clock: SteppedClock) -> None:
        """Rounds as standard input calls them, until its end."""

        async def one(called: Round) -> None:
            await self.once(called.round)

        await work_rounds(clock, one)

    async def scheduled(self) -> None:
        """Rounds for ever."""
        while True:
            await self.once(None)
            await self.net.clock.sleep(self.pause)


class Publisher:
    """Keeps measurements and hands them in, one batch at a time."""

    def __init__(self, net: Net, spool: Spool, collector: Collector | None) -> None:
        self._net = net
        self._spool = spool
        self._collector = collector
        self._lock = asyncio.Lock()

    async def keep(self, content: bytes) -> None:
        """To disk. Raises OSError."""
        self._spool.add(content, self._net.clock.wall_now().timestamp())

    async def send(self) -> None:
        """What waits, to the collector; what cannot be sent waits on."""
        if self._collector is not None:
            async with self._lock:
                await hand_in(self._collector, self._spool)

    async def publish(self, content: bytes) -> None:
        """Keep and send."""
        try:
            await self.keep(content)
        except OSError as error:  # the probe gets its answer all the same
            print(f"control: cannot keep a measurement: {error}", file=sys.stderr)
            return
        await self.send()


def build(net: Net, catalogue: Catalogue, config: ControlConfig, home: Path) -> Program:
    """Put a control together. Raises Refusal, OSError, ValueError."""
    kit = equip(net, catalogue, config.network, config.pins)
    control = config.control
    plan = ControlPlan(
        place=config.place,
        services=checked_services(catalogue, control.services),
        twins=config.twin_endpoints,
        canaries=chosen_canaries(catalogue, control.cc, config.canaries),
    )
    collector = None
    if control.collector is not None:
        limit = config.network.connect_timeout + config.network.read_timeout
        collector = Collector(url=control.collector, net=net, roots=kit.roots, timeout=limit)
    measuring = Measuring(kit, plan)
    publisher = Publisher(net, Spool(home / SPOOL), collector)
    twins = Twins(twins=control.twins, ports=control.twin_ports if control.twins else ())
    return Program(
        net=net,
        measuring=measuring,
        server=Server(Api(measuring, twins, publisher.publish)),
        publisher=publisher,
        pause=control.seconds_between_rounds,
    )

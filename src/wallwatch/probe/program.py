"""The unattended probe: rounds on a schedule, or as somebody calls them; each ends with handing in.

Consent comes before this: nothing here asks.
"""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec import Struct

from wallwatch.catalog import Catalogue
from wallwatch.net.clock import SteppedClock
from wallwatch.net.rounds import Round
from wallwatch.net.seam import Net
from wallwatch.probe.config import ProbeConfig
from wallwatch.probe.control_client import Control
from wallwatch.probe.round import Plan, Recorded, RoundRunner
from wallwatch.vantage.handing_in import Collector, Spool, hand_in
from wallwatch.vantage.looking import Kit, equip
from wallwatch.vantage.rounds import work_rounds
from wallwatch.vantage.settings import Patience, checked_services, chosen_canaries

SPOOL = "spool"
JITTER = 0.1  # share of the pause between rounds that is random, so that probes do not march in step


class Program(Struct, frozen=True, kw_only=True):
    """A probe, ready to run rounds."""

    net: Net
    runner: RoundRunner
    spool: Spool
    collector: Collector | None
    pause: float  # seconds between rounds

    async def once(self, number: int | None) -> list[Recorded]:
        """One round, handed in as far as the collector answers. Raises OSError where the spool cannot be
        written.
        """
        recorded = await self.runner.run(number)
        for measurement in recorded:
            self.spool.add(measurement.content, self.net.clock.wall_now().timestamp())
        if self.collector is not None:
            await hand_in(self.collector, self.spool)
        return recorded

    async def called(self, clock: SteppedClock) -> None:
        """Rounds as standard input calls them, until its end."""

        async def one(called: Round) -> None:
            say(called.round, await self.once(called.round))

        await work_rounds(clock, one)

    async def scheduled(self) -> None:
        """Rounds for ever."""
        while True:
            say(None, await self.once(None))
            share = int.from_bytes(self.net.random(2), "big") / 65535
            await self.net.clock.sleep(self.pause * (1 - JITTER + 2 * JITTER * share))


def build(net: Net, catalogue: Catalogue, config: ProbeConfig, home: Path) -> Program:
    """Put a probe together. Raises Refusal, OSError, ValueError."""
    kit = equip(net, catalogue, config.network, config.pins)
    probe = config.probe
    plan = Plan(
        place=config.place,
        services=checked_services(catalogue, probe.services),
        canaries=chosen_canaries(catalogue, probe.cc, config.canaries),
        pace_seconds=config.network.pace_seconds,
        is_attended=False,
    )
    control = None if probe.control is None else control_at(probe.control, kit, config.network)
    collector = None
    if probe.collector is not None:
        limit = config.network.connect_timeout + config.network.read_timeout
        collector = Collector(url=probe.collector, net=net, roots=kit.roots, timeout=limit)
    return Program(
        net=net,
        runner=RoundRunner(kit, plan, control),
        spool=Spool(home / SPOOL),
        collector=collector,
        pause=probe.seconds_between_rounds,
    )


def control_at(url: str, kit: Kit, patience: Patience) -> Control:
    """A control, given the time that its own attempts and trial may take: three connections in a row."""
    quick = patience.resolve_timeout + patience.connect_timeout + patience.read_timeout
    return Control(url=url, kit=kit, quick=quick, thorough=3 * (quick + patience.handshake_timeout))


def say(number: int | None, recorded: list[Recorded]) -> None:
    """One line to standard error: what was tried and what failed."""
    handshakes = [handshake for one in recorded for handshake in one.handshakes if handshake.trial is None]
    failed = sorted({handshake.target_id for handshake in handshakes if handshake.failure is not None})
    name = "round" if number is None else f"round {number}"
    outcome = "failed: " + ", ".join(failed) if failed else "all answered"
    print(f"{name}: {len(handshakes)} attempts, {outcome}", file=sys.stderr)

"""One look at one service: the attempts of all its functions, recorded into one measurement.

Which attempts to make is the probe's (or the control's) business; this holds what they share. No trials'
logic, no opinion.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from wallwatch import plugins
from wallwatch.catalog import Catalogue, Target, targets_of
from wallwatch.catalog.loader import has_expired
from wallwatch.catalog.types import Canary, Pool, Transport
from wallwatch.experiments import Context, Experiment, Part
from wallwatch.experiments._names import Names
from wallwatch.model.handshake import Handshake
from wallwatch.net.failed import Timeouts
from wallwatch.net.roots import Roots
from wallwatch.net.seam import Endpoint, Net
from wallwatch.net.steps import Steps
from wallwatch.net.trace import Trace
from wallwatch.vantage.settings import Patience

AT_ONCE = 8  # first attempts under way at the same time, over all services


class Kit(Struct, frozen=True, kw_only=True):
    """What a vantage works with, as long as its program runs."""

    net: Net
    roots: Roots
    timeouts: Timeouts
    catalogue: Catalogue
    pins: Mapping[str, str]
    experiments: Mapping[str, Experiment]


def equip(net: Net, catalogue: Catalogue, patience: Patience, pins: Mapping[str, str]) -> Kit:
    """Read the trusted roots and find the experiments, once. Raises OSError, ValueError for a broken CA
    bundle.
    """
    return Kit(
        net=net,
        roots=Roots.load(Path(patience.ca_bundle) if patience.ca_bundle else None),
        timeouts=Timeouts(
            resolve=patience.resolve_timeout,
            connect=patience.connect_timeout,
            handshake=patience.handshake_timeout,
            read=patience.read_timeout,
        ),
        catalogue=catalogue,
        pins=pins,
        experiments=plugins.discover("wallwatch.experiments", "EXPERIMENT"),
    )


class Look:
    """The attempts at one service that make up one measurement."""

    def __init__(self, kit: Kit, service: str, gate: asyncio.Semaphore) -> None:
        """`gate` bounds the first attempts of all services together."""
        self.kit = kit
        self.service = kit.catalogue.service(service)
        self.started = kit.net.clock.wall_now()
        self.steps = Steps(kit.net, Trace(kit.net.clock), kit.timeouts, kit.roots)
        self.handshakes: list[Handshake] = []
        self.own_addresses: set[str] = set()  # this machine's, as the sockets know them; never recorded
        self._gate = gate
        self._context = Context(
            catalogue_version=kit.catalogue.version,
            stale=has_expired(self.service, self.started),
            names=Names(self.steps),
            own_addresses=self.own_addresses,
        )

    def targets(self, function: str) -> tuple[Target, ...]:
        """The function's pool."""
        return targets_of(self.service, function, dict(self.kit.pins))

    async def first(self, function: str) -> list[Handshake]:
        """One attempt at each endpoint of the function, side by side."""
        return list(await asyncio.gather(*(self._gated(target) for target in self.targets(function))))

    async def _gated(self, target: Target) -> Handshake:
        async with self._gate:
            return await self.attempt(target, turn=0)

    async def attempt(self, target: Target, turn: int) -> Handshake:
        """One attempt, recorded."""
        experiment = self.kit.experiments[target.experiment]
        return self._keep(await experiment.attempt(self.steps, target, self._context, turn))

    async def arm(self, target: Target, part: Part) -> Handshake:
        """One attempt of a trial, recorded."""
        experiment = self.kit.experiments[target.experiment]
        return self._keep(await experiment.arm(self.steps, target, self._context, part))

    async def endpoint(self, target: Target, turn: int) -> Endpoint:
        """Where the service's own endpoint is. Raises Failed(..., "resolve")."""
        return await self._context.names.endpoint(target.host, target.port, turn)

    def _keep(self, handshake: Handshake) -> Handshake:
        self.handshakes.append(handshake)
        return handshake

    def test_keys(self) -> dict[str, Any]:
        """The trace's lists and the attempts, as plain JSON values."""
        return {
            **self.steps.trace.test_keys(),
            "x_handshakes": msgspec.to_builtins(self.handshakes),
            "catalogue_version": self.kit.catalogue.version,
        }


async def canary_answers(kit: Kit, canary: Canary | None) -> bool | None:
    """Whether a page that nobody blocks can be had; None where the catalogue knows none for this place."""
    if canary is None:
        return None
    steps = Steps(kit.net, Trace(kit.net.clock), kit.timeouts, kit.roots)
    context = Context(
        catalogue_version=kit.catalogue.version, stale=False, names=Names(steps), own_addresses=set()
    )
    handshake = await kit.experiments["https"].attempt(steps, canary_target(canary), context, turn=0)
    return handshake.failure is None


def canary_target(canary: Canary) -> Target:
    """A canary as something to attempt."""
    return Target(
        service="canary",
        function="web",
        target_id="canary/web",
        experiment="https",
        pool=Pool.ANY_OF,
        host=canary.host,
        port=canary.port,
        transport=Transport.TLS,
        wire_class="W5",
        trigger_family="sni",
        path=canary.path,
        origin=None,
        pin=None,
        download_bytes=0,
        path_unverified=False,
        unverified=False,
    )

"""What the control measures: everything in every round, and at once what a probe asks for, with both arms to
a twin.

It measures what the catalogue names and sends trial bytes to its own twins only: nobody can aim it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from msgspec import Struct

from wallwatch.catalog import Target
from wallwatch.catalog import types as catalog_types
from wallwatch.experiments import Part
from wallwatch.model.handshake import Arm, Handshake, Trial
from wallwatch.model.measurement import ROLE_CONTROL
from wallwatch.net.seam import Endpoint
from wallwatch.vantage.api import MeasureRequest, TrialRequest
from wallwatch.vantage.looking import AT_ONCE, Kit, Look, canary_answers
from wallwatch.vantage.record import Canaries, Occasion, measurement
from wallwatch.vantage.settings import Place

TRIES = 3  # of an endpoint that fails, in all: one lost packet must not look like an outage
RUN_ID_BYTES = 8
CANARIES_KEPT = 60.0  # seconds


class ControlPlan(Struct, frozen=True, kw_only=True):
    """What a control measures, from where, and its twins."""

    place: Place
    services: tuple[str, ...]
    twins: tuple[Endpoint, ...]
    canaries: catalog_types.Canaries


class Measuring:
    """Measures. Lives as long as the control."""

    def __init__(self, kit: Kit, plan: ControlPlan) -> None:
        self.plan = plan
        self.kit = kit
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._canaries: Canaries | None = None
        self._canaries_at = 0.0

    async def everything(self, number: int | None) -> list[bytes]:
        """A scheduled round, one measurement a service. `number`: the lab's, None on its own schedule."""
        self._canaries = None
        run_id = self.kit.net.random(RUN_ID_BYTES).hex()
        occasion = Occasion(role=ROLE_CONTROL, run_id=run_id, round=number)
        return list(
            await asyncio.gather(
                *(
                    self._measure(
                        service, tuple(self.kit.catalogue.service(service).functions), occasion, None
                    )
                    for service in self.plan.services
                )
            )
        )

    async def asked(self, request: MeasureRequest) -> bytes:
        """A probe's request, already checked: the measurement."""
        occasion = Occasion(role=ROLE_CONTROL, run_id=request.run_id, round=None)
        return await self._measure(request.service, request.functions, occasion, request.trial)

    async def _measure(
        self, service: str, functions: Sequence[str], occasion: Occasion, trial: TrialRequest | None
    ) -> bytes:
        look = Look(self.kit, service, self._gate)
        async with asyncio.TaskGroup() as group:
            canaries = group.create_task(self._canary_answers())
            for function in functions:
                group.create_task(self._function(look, function, trial))
        return measurement(look, self.plan.place, occasion, canaries.result())

    async def _function(self, look: Look, function: str, trial: TrialRequest | None) -> None:
        """The pool, again where it fails, and beside it the trial's arms."""
        targets = look.targets(function)
        arms = [] if trial is None else self._arms(look, targets[0], trial)
        await asyncio.gather(*(self._target(look, target) for target in targets), *arms)

    async def _target(self, look: Look, target: Target) -> None:
        async with self._gate:
            first = await look.attempt(target, turn=0)
        if first.failure is not None:
            await asyncio.gather(*(look.attempt(target, turn) for turn in range(1, TRIES)))

    def _arms(self, look: Look, target: Target, trial: TrialRequest) -> list[Awaitable[Handshake]]:
        """Attempts of each arm, an attempt of every arm at the same slot.

        Slots take no rest here: a control stands where nothing remembers triggers, and if something does, its
        arms fail and the probe's trial proves nothing, which is the right answer.
        """
        slots = sorted(self.plan.twins, key=lambda slot: slot.port != target.port)
        return [
            self._arm(look, target, slots[attempt % len(slots)], trial.id, (arm, attempt))
            for attempt in range(trial.pairs if slots else 0)
            for arm in trial.arms
        ]

    async def _arm(
        self, look: Look, target: Target, slot: Endpoint, trial_id: str, which: tuple[Arm, int]
    ) -> Handshake:
        arm, attempt = which
        trial = Trial(id=trial_id, arm=arm, attempt=attempt)
        async with self._gate:
            return await look.arm(target, Part(trial=trial, endpoint=slot))

    async def _canary_answers(self) -> Canaries:
        """As of this round; asked again after a minute."""
        now = self.kit.net.clock.monotonic()
        if self._canaries is None or now > self._canaries_at + CANARIES_KEPT:
            chosen = self.plan.canaries
            home, abroad = await asyncio.gather(
                canary_answers(self.kit, chosen.home), canary_answers(self.kit, chosen.abroad)
            )
            self._canaries, self._canaries_at = Canaries(home=home, abroad=abroad), now
        return self._canaries

"""One round of the probe: canaries, every service and function once, and at once more of it where something
fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from msgspec import Struct

from wallwatch.catalog import Target
from wallwatch.catalog import types as catalog_types
from wallwatch.model.handshake import Handshake
from wallwatch.model.measurement import ROLE_PROBE
from wallwatch.probe.control_client import TWINS_KEPT, Control
from wallwatch.probe.slots import Slots
from wallwatch.probe.trial import (
    PATIENCE_IN_PACES,
    Occurrence,
    TrialPatience,
    TrialRunner,
    worth_a_trial,
)
from wallwatch.vantage.looking import AT_ONCE, Kit, Look, canary_answers
from wallwatch.vantage.record import Canaries, Occasion, measurement
from wallwatch.vantage.settings import Place

TRIES = 3  # at least, in all, from as many source ports, before a failure counts for anything
RUN_ID_BYTES = 8


class Plan(Struct, frozen=True, kw_only=True):
    """What a probe does in every round."""

    place: Place
    services: tuple[str, ...]
    canaries: catalog_types.Canaries
    pace_seconds: float
    is_attended: bool  # a person looks on: a trial waits for nothing, and skips the arm that must rest first


class Recorded(Struct, frozen=True, kw_only=True):
    """A finished measurement."""

    service: str
    content: bytes  # JSON, one line
    handshakes: tuple[Handshake, ...]
    canaries: Canaries
    control_answers: tuple[Any, ...]  # the control's measurements, decoded; the control submits them itself


class Footing(Struct, frozen=True):
    """What a round finds out beside its functions; each may be waited for by all of them."""

    twins: Awaitable[None]
    canaries: Awaitable[Canaries]


class RoundRunner:
    """Runs rounds. Lives as long as the probe, because slots must rest from one round to the next."""

    def __init__(self, kit: Kit, plan: Plan, control: Control | None) -> None:
        self._kit = kit
        self._plan = plan
        self._control = control
        self._slots = Slots(plan.pace_seconds)
        self._twins_known_at: float | None = None

    async def run(self, number: int | None) -> list[Recorded]:
        """One round: a measurement for each service. `number`: the lab's; None on its own schedule."""
        occasion = Occasion(role=ROLE_PROBE, run_id=self._kit.net.random(RUN_ID_BYTES).hex(), round=number)
        gate = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            twins = group.create_task(self._learn_twins())
            canaries = group.create_task(self._canaries())
            footing = Footing(twins, canaries)
            looks = [Look(self._kit, service, gate) for service in self._plan.services]
            runs = [group.create_task(self._service(look, occasion, footing)) for look in looks]
        return [run.result() for run in runs]

    async def _learn_twins(self) -> None:
        """Ask the control for its twins, unless it has told lately."""
        now = self._kit.net.clock.monotonic()
        if self._control is None or (
            self._twins_known_at is not None and now < self._twins_known_at + TWINS_KEPT
        ):
            return
        twins = await self._control.twins()
        self._twins_known_at = None if twins is None else now
        if twins is not None:
            self._slots.know(twins)

    async def _canaries(self) -> Canaries:
        chosen = self._plan.canaries
        home, abroad = await asyncio.gather(
            canary_answers(self._kit, chosen.home), canary_answers(self._kit, chosen.abroad)
        )
        return Canaries(home=home, abroad=abroad)

    async def _service(self, look: Look, occasion: Occasion, footing: Footing) -> Recorded:
        answers = await asyncio.gather(
            *(self._function(look, function, occasion.run_id, footing) for function in look.service.functions)
        )
        seen = await footing.canaries
        return Recorded(
            service=look.service.name,
            content=measurement(look, self._plan.place, occasion, seen),
            handshakes=tuple(look.handshakes),
            canaries=seen,
            control_answers=tuple(answer for answer in answers if answer is not None),
        )

    async def _function(self, look: Look, function: str, run_id: str, footing: Footing) -> Any:
        """A function's first attempts and, where one fails, all that follows; the control's answer if it was
        asked. A line that is dead at home and abroad has nothing more to tell.
        """
        first = await look.first(function)
        failed = failed_targets(look.targets(function), first)
        if not failed or (await footing.canaries).none_answered:
            return None
        trial_id = f"{run_id}/{failed[0].target_id}" if worth_a_trial(first) else None
        await footing.twins
        further = self._try_again(look, failed, list(first), trial_id)
        asked = self._ask_control(look, function, run_id, trial_id)
        _, answer = await asyncio.gather(further, asked)
        return answer

    async def _ask_control(self, look: Look, function: str, run_id: str, trial_id: str | None) -> Any:
        if self._control is None or self._twins_known_at is None:  # none, or it did not answer just now
            return None
        return await self._control.measure(run_id, look.service.name, function, trial_id)

    async def _try_again(
        self, look: Look, failed: list[Target], tries: list[Handshake], trial_id: str | None
    ) -> None:
        """Further tries at the first endpoint that failed and, where bytes may be the reason, the trial
        beside them.

        Neutral bytes go to the last endpoint that failed: where that is another one it has rested since its
        one try.
        """
        if trial_id is None:
            await self._retry(look, failed, tries)
            return
        occurrence = Occurrence(id=trial_id, target=failed[0], tries=tries)
        pace = self._plan.pace_seconds
        waits = 0.0 if self._plan.is_attended else PATIENCE_IN_PACES * pace
        runner = TrialRunner(look, self._slots, occurrence, TrialPatience(pace=pace, for_slots=waits))

        async def at_service() -> None:
            alone = len(failed) == 1
            if alone:
                await self._retry(look, failed, tries)
            if not self._plan.is_attended:
                await runner.neutral_at_service(failed[-1])

        others = () if len(failed) == 1 else (self._retry(look, failed, tries),)
        await asyncio.gather(at_service(), runner.at_twins(), *others)

    async def _retry(self, look: Look, failed: list[Target], tries: list[Handshake]) -> None:
        """Attempts at the first failed endpoint until there are TRIES in all, side by side from new source
        ports.
        """
        turns = range(1, max(TRIES - len(failed), 1) + 1)
        tries += await asyncio.gather(*(look.attempt(failed[0], turn) for turn in turns))


def failed_targets(targets: Iterable[Target], attempts: Iterable[Handshake]) -> list[Target]:
    """Those whose attempt failed, the ones that came furthest first: there bytes were sent."""
    failed = [
        (attempt, target)
        for target, attempt in zip(targets, attempts, strict=True)
        if attempt.failure is not None
    ]
    return [target for _, target in sorted(failed, key=lambda pair: -pair[0].rung)]

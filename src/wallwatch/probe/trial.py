"""The controlled experiment that the probe runs at once when something fails.

Pairs at the twins: at each slot (twin address and port) first neutral bytes, then, if that connection is
over, the trigger. Both of a pair meet the same address, port and moment, so they differ in their bytes alone;
the neutral ones go first because a censor remembers the trigger. Batches of pairs run side by side until
`sequential` says that it is settled, the budget is spent, or no slot gets free in time. Neutral bytes to the
service itself wait until the pace has passed since the last trigger there.
"""

from __future__ import annotations

import asyncio

from msgspec import Struct

from wallwatch.catalog import Target
from wallwatch.experiments import Part
from wallwatch.model.handshake import Address, Arm, Handshake, Payload, Rung, Trial
from wallwatch.net.failed import Failed
from wallwatch.net.seam import Clock, Endpoint
from wallwatch.probe.sequential import Pair, Settled, pairs_to_see, settled
from wallwatch.probe.slots import Slots
from wallwatch.vantage.looking import Look

# Pairs side by side: a rule that always acts shows in four; if not, all that is left of the budget.
BATCHES = (4, 20)
NEUTRAL_AT_SERVICE = 3  # attempts of that arm, from as many source ports
PATIENCE_IN_PACES = 2.0  # how long an unattended trial waits for slots in all, in paces
A_MOMENT = 0.02  # seconds between looks at slots that other trials hold


class TrialPatience(Struct, frozen=True, kw_only=True):
    """What a trial waits for, in seconds."""

    pace: float  # the rest of an address and port after a trigger
    for_slots: float  # in all; 0: only what is free at once


class Occurrence(Struct, frozen=True, kw_only=True):
    """What the trial is about."""

    id: str
    target: Target  # the endpoint that failed
    tries: list[Handshake]  # at the service's endpoints; further tries may be added while the trial runs


def worth_a_trial(handshakes: list[Handshake]) -> bool:
    """Whether bytes of ours were sent in an attempt that failed. Where nothing connects, bytes are not the
    reason.
    """
    return any(attempt.failure is not None and attempt.rung >= Rung.CONNECTED for attempt in handshakes)


class TrialRunner:
    """Runs one trial within a look."""

    def __init__(self, look: Look, slots: Slots, occurrence: Occurrence, patience: TrialPatience) -> None:
        self._look = look
        self._slots = slots
        self._occurrence = occurrence
        self._patience = patience
        self._pairs: list[Pair] = []

    @property
    def clock(self) -> Clock:
        """The network's clock."""
        return self._look.kit.net.clock

    async def at_twins(self) -> Settled:
        """Batches of pairs until it is settled. The attempts are in the look; the answer only says why it
        stopped.
        """
        until = self.clock.monotonic() + self._patience.for_slots
        for size in BATCHES:
            left = size
            while left and (slots := await self._free_slots(left, until)):
                left -= len(slots)
                first = len(self._pairs)
                # The numbers of the attempts are given out beforehand: the batch is one moment.
                batch = [self._pair(slot, first + index) for index, slot in enumerate(slots)]
                self._pairs += await asyncio.gather(*batch)
                if (answer := settled(self._pairs, self._wanted())) is not Settled.OPEN:
                    return answer
            if left:
                break
        return Settled.OPEN

    def _wanted(self) -> int:
        tries = self._occurrence.tries
        return pairs_to_see(sum(attempt.failure is not None for attempt in tries), len(tries))

    async def _free_slots(self, count: int, until: float) -> list[Endpoint]:
        """Slots to use now, after waiting for one if there must be; none when patience ends."""
        while True:
            now = self.clock.monotonic()
            slots = self._slots.take(count, self._occurrence.target.port, now)
            if slots:
                return slots
            wait = self._slots.next_free(now)
            wait = A_MOMENT if wait is None else wait  # None: other trials hold them all
            if not len(self._slots) or now + wait > until:
                return []
            await self.clock.sleep(max(wait, A_MOMENT))

    async def _pair(self, slot: Endpoint, attempt: int) -> Pair:
        """Neutral, then trigger, at one slot."""
        saw_trigger = False
        try:
            neutral = await self._at_twin(Payload.NEUTRAL, slot, attempt)
            saw_trigger = True
            trigger = await self._at_twin(Payload.TRIGGER, slot, attempt)
        finally:
            self._slots.give_back(slot, self.clock.monotonic(), saw_trigger)
        return Pair(trigger_failed=trigger.failure is not None, neutral_failed=neutral.failure is not None)

    async def neutral_at_service(self, target: Target) -> None:
        """Innocent bytes to a service's endpoint at which the last attempt has just ended, after a pace of
        rest.
        """
        await self.clock.sleep(self._patience.pace)
        try:
            endpoint = await self._look.endpoint(target, turn=0)
        except Failed:
            return  # the failed query is in the trace; without an address there is no such arm
        arm = Arm(payload=Payload.NEUTRAL, address=Address.SERVICE)
        parts = [
            Part(trial=Trial(id=self._occurrence.id, arm=arm, attempt=attempt), endpoint=endpoint)
            for attempt in range(NEUTRAL_AT_SERVICE)
        ]
        await asyncio.gather(*(self._look.arm(target, part) for part in parts))

    async def _at_twin(self, payload: Payload, slot: Endpoint, attempt: int) -> Handshake:
        arm = Arm(payload=payload, address=Address.NEUTRAL)
        trial = Trial(id=self._occurrence.id, arm=arm, attempt=attempt)
        return await self._look.arm(self._occurrence.target, Part(trial=trial, endpoint=slot))

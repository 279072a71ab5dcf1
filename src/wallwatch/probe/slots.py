"""Where a trial may send next: a (twin address, port) rests after each trigger, because censors remember.

A censor that saw a trigger often punishes the same address and port for minutes, whatever is sent (residual
censorship); a slot that is used too soon would make innocent bytes fail. Pure bookkeeping: the time is handed
in.
"""

from __future__ import annotations

from collections.abc import Sequence

from wallwatch.net.seam import Endpoint


class Slots:
    """All twins' addresses and ports, each free or resting until a time (seconds, monotonic)."""

    def __init__(self, pace_seconds: float) -> None:
        """`pace_seconds` is the rest after a trigger."""
        self._free_at: dict[Endpoint, float] = {}
        self._busy: set[Endpoint] = set()
        self._pace = pace_seconds

    def know(self, endpoints: Sequence[Endpoint]) -> None:
        """These are the slots from now on; those that were known keep their rest."""
        self._free_at = {endpoint: self._free_at.get(endpoint, 0.0) for endpoint in endpoints}

    def __len__(self) -> int:
        return len(self._free_at)

    def take(self, count: int, port: int, now: float) -> list[Endpoint]:
        """At most `count` free slots, those with the service's own port first; none is given out twice."""
        free = [slot for slot, at in self._free_at.items() if at <= now and slot not in self._busy]
        free.sort(key=lambda slot: slot.port != port)
        taken = free[:count]
        self._busy.update(taken)
        return taken

    def give_back(self, slot: Endpoint, now: float, saw_trigger: bool) -> None:
        """After an attempt has ended; it rests if a trigger went there."""
        self._busy.discard(slot)
        if saw_trigger and slot in self._free_at:
            self._free_at[slot] = now + self._pace

    def next_free(self, now: float) -> float | None:
        """Seconds until one that rests is free again; None while all are in use or there are none."""
        waiting = [at - now for slot, at in self._free_at.items() if slot not in self._busy]
        return max(0.0, min(waiting)) if waiting else None

"""Group commit: submissions that arrive while one is on its way to the disk go there together, next."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from wallwatch.archive.segments import Archive, Arrival, Fate

AT_ONCE = 256  # submissions
BYTES_AT_ONCE = 32 << 20


class _Waiting(Struct, frozen=True):
    arrival: Arrival
    fate: asyncio.Future[Fate]


class Keeper:
    """Hands arrivals to the archive, many at a time. `run` must be running."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()

    async def keep(self, arrival: Arrival) -> Fate:
        """Returns when it is on the disk. Raises OSError when it is not."""
        fate: asyncio.Future[Fate] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(_Waiting(arrival, fate))
        return await fate

    async def run(self) -> None:
        """Until cancelled; what was begun is finished first."""
        while True:
            group = self._group(await self._waiting.get())
            await asyncio.shield(self._commit(group))

    def _group(self, first: _Waiting) -> list[_Waiting]:
        group, size = [first], len(first.arrival.line)
        while len(group) < AT_ONCE and size < BYTES_AT_ONCE and not self._waiting.empty():
            group.append(self._waiting.get_nowait())
            size += len(group[-1].arrival.line)
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        arrivals = [one.arrival for one in group]
        try:
            fates = await asyncio.to_thread(self._archive.append, arrivals)
        except Exception as error:  # noqa: BLE001 (each sender is told; the next group may fare better)
            for one in group:
                if not one.fate.done():
                    one.fate.set_exception(error)
            return
        for one, fate in zip(group, fates, strict=True):
            if not one.fate.done():
                one.fate.set_result(fate)

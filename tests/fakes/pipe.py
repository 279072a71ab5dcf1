"""A connection between two ends in memory: bytes, FIN and RST arrive after the latency, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Literal

Kind = Literal["data", "fin", "reset"]


class Way:
    """One direction. What is put in comes out at the other end `latency` seconds later."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._under_way: deque[tuple[Kind, bytes]] = deque()
        self._arrived = bytearray()
        self._news = asyncio.Event()
        self._fin = False
        self._reset = False
        self.dead = False  # everything put in from now on is lost

    @property
    def was_reset(self) -> bool:
        """Whether a RST has arrived."""
        return self._reset

    def put(self, kind: Kind, data: bytes = b"") -> None:
        """Send."""
        if self.dead:
            return
        self._under_way.append((kind, data))
        asyncio.get_running_loop().call_later(self._latency, self._arrive)

    async def get(self, limit: int) -> bytes:
        """Receive: bytes, b"" after FIN, ConnectionResetError after RST (bytes that came before it first)."""
        while not self._arrived and not self._fin and not self._reset:
            self._news.clear()
            await self._news.wait()
        if self._arrived:
            data = bytes(self._arrived[:limit])
            del self._arrived[:limit]
            return data
        if self._reset:
            raise ConnectionResetError(104, "Connection reset by peer")
        return b""

    def reset_now(self) -> None:
        """As if a RST had come from nearby."""
        self._reset = True
        self._news.set()

    def _arrive(self) -> None:
        kind, data = self._under_way.popleft()
        if kind == "data":
            self._arrived += data
        elif kind == "fin":
            self._fin = True
        else:
            self._reset = True
        self._news.set()

"""What is to happen when: a heap ordered by (deadline, order of entry), and a timer for its first."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

from wallwatch.lab.native import Timer

Step = Callable[..., None]


class Schedule:
    """Steps with their times of `time.monotonic()`."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._heap: list[tuple[float, int, Step, tuple[Any, ...]]] = []
        self._numbers = itertools.count()
        self._armed = float("inf")

    def push(self, deadline: float, step: Step, arguments: tuple[Any, ...]) -> None:
        """Do it then, or as soon after as we get to it."""
        heapq.heappush(self._heap, (deadline, next(self._numbers), step, arguments))

    def pop_due(self, now: float) -> tuple[Step, tuple[Any, ...]] | None:
        """The first step whose time has come."""
        if self._heap and self._heap[0][0] <= now:
            _, _, step, arguments = heapq.heappop(self._heap)
            return step, arguments
        return None

    def is_due(self, now: float) -> bool:
        """Whether a step's time has come."""
        return bool(self._heap) and self._heap[0][0] <= now

    def arm(self) -> None:
        """Set the timer for the first step, unless it is set so already."""
        first = self._heap[0][0] if self._heap else float("inf")
        if first != self._armed and first != float("inf"):
            self._timer.set(first)
        self._armed = first

    def timer_fired(self) -> None:
        """The timer is readable."""
        self._timer.clear()
        self._armed = float("inf")

    def __len__(self) -> int:
        return len(self._heap)

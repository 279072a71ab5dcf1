"""Stages shared among processes: the same functions, over pieces of a batch."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from wallwatch.station.looking import Failed, Kept, Looked, look

PIECES_FOR_EACH = 2  # so that one slow piece does not keep the others waiting


@contextmanager
def workers(number: int) -> Iterator[ProcessPoolExecutor | None]:
    """A pool of so many processes; None where one is enough. Leaving it drops what has not begun."""
    if number <= 1:
        yield None
        return
    context = multiprocessing.get_context("forkserver")
    pool = ProcessPoolExecutor(number, mp_context=context)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class SharedLook:
    """`looking.look`, done by several processes."""

    def __init__(self, pool: ProcessPoolExecutor, number: int) -> None:
        self._pool = pool
        self._pieces = number * PIECES_FOR_EACH

    def __call__(self, batch: Sequence[Kept]) -> list[Looked | Failed]:
        size = -(-len(batch) // self._pieces)
        pieces = [batch[start : start + size] for start in range(0, len(batch), size)]
        return [one for answers in self._pool.map(look, pieces) for one in answers]

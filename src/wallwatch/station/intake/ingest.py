"""Take in files: archive what is new, quarantine what cannot be read, count both. It can be broken off."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path

import msgspec
from msgspec import Struct

from wallwatch.archive.quarantine import Quarantine, Specimen
from wallwatch.archive.segments import Archive, Arrival, Fate
from wallwatch.station.intake.taking import Chunk, Taken, chunks, take
from wallwatch.station.intake.walking import Found, Source, pieces, sources

AHEAD = 2  # chunks under way for each worker
MOST_ALIKE = 1000  # specimens of one source and reason that are kept; the others are counted


class Counts(Struct, kw_only=True):
    """What was found so far."""

    files: int = 0
    new: int = 0
    upgraded: int = 0  # of `new`: the body came to a listing's row
    duplicate: int = 0
    quarantined: int = 0
    reasons: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def measurements(self) -> int:
        return self.new + self.duplicate


class Ingest:
    """One run over some paths into one data folder."""

    def __init__(
        self,
        archive: Archive,
        quarantine: Quarantine,
        workers: tuple[Executor, int] | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`workers`: a pool of processes and how many they are. `progress` is told bytes of files read."""
        self._archive = archive
        self._quarantine = quarantine
        self._workers = workers
        self._progress = progress
        self._alike: Counter[tuple[str, str]] = Counter()
        self.counts = Counts()

    def run(self, paths: Sequence[Path], without: Path) -> Counts:
        """Read all of it, save what is under `without`, the data folder. Raises OSError: the disk fails."""
        for taken in self._taken(chunks(self._pieces(sources(paths, without)))):
            self._keep(taken)
        return self.counts

    def _pieces(self, found: Iterable[Source]) -> Iterator[tuple[str, Found]]:
        for source in found:
            self.counts.files += 1
            for piece in pieces(source):
                yield source.name, piece
            self._progress(source.size)

    def _taken(self, work: Iterator[Chunk]) -> Iterator[Taken]:
        """In order, a bounded number of chunks ahead."""
        if self._workers is None:
            yield from map(take, work)
            return
        pool, number = self._workers
        ahead: deque[Future[Taken]] = deque()
        for chunk in work:
            ahead.append(pool.submit(take, chunk))
            if len(ahead) >= number * AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def _keep(self, taken: Taken) -> None:
        self._archived(taken.arrivals)
        for specimen in taken.specimens:
            self._set_aside(specimen)

    def _archived(self, arrivals: list[Arrival]) -> None:
        fates = Counter(self._archive.append(arrivals)) if arrivals else Counter()
        self.counts.new += fates[Fate.NEW] + fates[Fate.UPGRADE]
        self.counts.upgraded += fates[Fate.UPGRADE]
        self.counts.duplicate += fates[Fate.DUPLICATE]

    def _set_aside(self, specimen: Specimen) -> None:
        self.counts.quarantined += 1
        self.counts.reasons[specimen.reason] += 1
        alike = (specimen.source, specimen.reason)
        self._alike[alike] += 1
        if self._alike[alike] <= MOST_ALIKE:
            self._quarantine.keep(specimen)

"""What `wallwatch ingest` runs: read the files into the archive, then bring the tables up to date."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.progress import Progress

from wallwatch.archive.folder import DataFolder
from wallwatch.archive.quarantine import Quarantine
from wallwatch.archive.segments import Archive
from wallwatch.catalog.loader import load
from wallwatch.collector.arrivals import identify
from wallwatch.station.intake.ingest import Counts, Ingest
from wallwatch.station.intake.walking import sources
from wallwatch.station.knowledge import knowledge_of
from wallwatch.station.looking import look_at_all
from wallwatch.station.station import Station
from wallwatch.station.working import SharedLook, workers


class Summary(Struct, frozen=True, kw_only=True):
    """The line that --json prints (contracts/ingest.schema.json); `upgraded` of `new` completed a row."""

    files: int
    measurements: int
    new: int
    upgraded: int
    duplicate: int
    quarantined: int
    reasons: dict[str, int]
    seconds: float


def run(paths: Sequence[Path], folder: DataFolder, processes: int, elapsed: Callable[[], float]) -> Summary:
    """Take everything under `paths` into the folder. Raises OSError where the disk fails."""
    without = folder.path.resolve()
    with workers(processes) as pool, Archive(folder.archive, identify) as archive:
        with _bar("reading", lambda: sum(source.size for source in sources(paths, without))) as advance:
            shared = (pool, processes) if pool else None
            counts = Ingest(archive, Quarantine(folder.quarantine), shared, advance).run(paths, without)
        look = SharedLook(pool, processes) if pool else look_at_all
        with (
            closing(Station(folder, archive, knowledge_of(load()), look)) as station,
            _bar("judging", lambda: counts.new) as advance,
        ):
            station.step(advance)
    return _summary(counts, elapsed())


@contextmanager
def _bar(says: str, total: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(says, total=total())
        yield lambda some: progress.advance(task, some)


def _summary(counts: Counts, seconds: float) -> Summary:
    return Summary(
        files=counts.files,
        measurements=counts.measurements,
        new=counts.new,
        upgraded=counts.upgraded,
        duplicate=counts.duplicate,
        quarantined=counts.quarantined,
        reasons=dict(sorted(counts.reasons.items())),
        seconds=round(seconds, 3),
    )

"""Hand measurements in: first to disk, then to the collector; what was not acknowledged is sent again next
time.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from wallwatch.net.failed import Failed
from wallwatch.net.http_client import HttpStatusError, post_json
from wallwatch.net.roots import Roots
from wallwatch.net.seam import Net

PATH = "/api/v1/submit_measurement"
SUFFIX = ".json"
REFUSED = "refused"
CLIENT_ERRORS = range(400, 500)
TRY_LATER = (408, 425, 429)


class Spool:
    """A folder of measurements that the collector has not acknowledged yet, oldest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, content: bytes, at: float) -> Path:
        """Keep one, safe against a power cut. `at`: seconds since the epoch, for order. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{int(at * 1000):015d}-{hashlib.sha256(content).hexdigest()[:12]}"
        unfinished, finished = self._folder / f"{name}.part", self._folder / f"{name}{SUFFIX}"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(finished)
        return finished

    def waiting(self) -> Iterator[Path]:
        """The files, oldest first."""
        yield from sorted(self._folder.glob(f"*{SUFFIX}"))

    def acknowledged(self, path: Path) -> None:
        """The collector has it."""
        path.unlink(missing_ok=True)

    def refused(self, path: Path) -> None:
        """The collector will never take it: put it aside for a person to look at."""
        aside = self._folder / REFUSED
        aside.mkdir(exist_ok=True)
        path.replace(aside / path.name)


class Collector(Struct, frozen=True, kw_only=True):
    """Where measurements go."""

    url: str
    net: Net
    roots: Roots
    timeout: float  # seconds for one submission


async def hand_in(collector: Collector, spool: Spool) -> int:
    """Send what waits until all is sent or the collector does not answer; how many were acknowledged."""
    acknowledged = 0
    for path in spool.waiting():
        try:
            await post(collector, path.read_bytes())
        except HttpStatusError as error:
            if error.status not in CLIENT_ERRORS or error.status in TRY_LATER:
                break
            print(f"The collector refused {path.name} (HTTP {error.status}): kept aside", file=sys.stderr)
            spool.refused(path)
        except (Failed, ValueError, FileNotFoundError):
            break
        else:
            spool.acknowledged(path)
            acknowledged += 1
    return acknowledged


async def post(collector: Collector, content: bytes) -> None:
    """One submission. Raises as `post_json`."""
    body = {"format": "json", "content": msgspec.Raw(content)}
    await post_json(
        collector.net,
        collector.url.rstrip("/") + PATH,
        body,
        timeout=collector.timeout,
        roots=collector.roots,
    )

"""Where a lab is found: an empty folder named after its first process, and all else in that one's mounts.

The first process of a lab mounts a tmpfs over its folder, seen by nobody else; its files are reached as
`/proc/PID/root/FOLDER/...`. So a lab that is killed leaves an empty folder, and the next start removes it.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

_NAME = re.compile(r"lab-(?P<pid>\d+)-(?P<started>\d+)")


class Place(Struct, frozen=True):
    """A lab's folder and the process that holds it."""

    pid: int  # of the lab's first process, as seen from where we are
    started: int  # clock ticks since boot: tells it from a later process of the same number
    folder: Path

    @property
    def inside(self) -> Path:
        """The folder as the lab sees it; its files are there while the lab lives."""
        return Path(f"/proc/{self.pid}/root") / self.folder.relative_to("/")

    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        return start_time(self.pid) == self.started

    def remove(self) -> None:
        """Remove the folder, if it is empty, as it should be."""
        with suppress(OSError):
            self.folder.rmdir()


def start_time(pid: int) -> int | None:
    """When a process was started, in clock ticks since boot; None if there is none, or only its corpse."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the command may contain anything
    return None if fields[0] in "ZX" else int(fields[19])


def home() -> Path:
    """This user's folder for labs. Raises PermissionError if it is not ours alone."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    base = Path(runtime) if runtime and os.access(runtime, os.W_OK) else Path(tempfile.gettempdir())
    folder = base.resolve() / f"wallwatch-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(f"{folder} is not a folder of yours alone; remove it")
    return folder


def claim(pid: int, folder: Path) -> Place:
    """Make the place, below `folder`, of a lab whose first process is `pid`. OSError, ProcessLookupError."""
    started = start_time(pid)
    if started is None:
        raise ProcessLookupError(f"process {pid} is gone")
    place = Place(pid, started, folder / f"lab-{pid}-{started}")
    place.folder.mkdir(mode=0o700)
    return place


def running() -> list[Place]:
    """The labs of this user that live, newest first; removes what dead ones left behind."""
    places = []
    for folder in home().iterdir():
        match = _NAME.fullmatch(folder.name)
        if match is None:
            continue
        place = Place(int(match["pid"]), int(match["started"]), folder)
        if place.is_alive():
            places.append(place)
        else:
            place.remove()
    return sorted(places, key=lambda place: -place.started)

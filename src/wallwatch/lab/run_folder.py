"""A folder for one run's settings, logs and data that goes away with it, also when the run was killed.

A shell in a session of its own waits for the run's end, whichever way it ends, and sweeps. Where that one was
killed too, the folder's name still carries the process that made it, and whoever comes next removes it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wallwatch.lab.places import home, start_time

_NAME = re.compile(r"run-(?P<pid>\d+)-(?P<started>\d+)")

# Reads until the run is gone. Its programs may take a second to die and write until then. The empty folder of
# the run's lab goes with it; those of living labs stay (removing one would take its mount away).
_SWEEP = """
cat >/dev/null
for again in 1 2 3 4 5 6 7 8 9 10; do
  [ -e "$1" ] || break
  rm -rf -- "$1"
  sleep 0.5
done 2>/dev/null
for lab in "${1%/*}"/lab-*; do
  pid="${lab##*/lab-}"
  [ -e "/proc/${pid%%-*}" ] || rmdir -- "$lab"
done 2>/dev/null
"""


@contextmanager
def run_folder() -> Iterator[Path]:
    """An empty folder of this process, removed at the end. Raises OSError; one at a time in a process."""
    _remove_those_of_the_dead()
    pid = os.getpid()
    folder = home() / f"run-{pid}-{start_time(pid)}"
    folder.mkdir(mode=0o700)
    with _sweeper(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _sweeper(folder: Path) -> Iterator[None]:
    """Somebody who removes it where we cannot."""
    sweeper = subprocess.Popen(
        ["/bin/sh", "-c", _SWEEP, "sweep", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # neither Ctrl-C nor a kill of our process group reaches it
        cwd="/",
    )
    assert sweeper.stdin is not None
    try:
        yield
    finally:
        sweeper.stdin.close()
        sweeper.wait()


def _remove_those_of_the_dead() -> None:
    for folder in home().iterdir():
        match = _NAME.fullmatch(folder.name)
        if match and start_time(int(match["pid"])) != int(match["started"]):
            shutil.rmtree(folder, ignore_errors=True)

"""A folder for one run's settings, logs and data that goes away with it, also when the run was killed.

Its name carries the process that made it; whoever comes next removes those of processes that are gone.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wallwatch.lab.places import home, start_time

_NAME = re.compile(r"run-(?P<pid>\d+)-(?P<started>\d+)")


@contextmanager
def run_folder() -> Iterator[Path]:
    """An empty folder of this process, removed at the end. Raises OSError; one at a time in a process."""
    _remove_those_of_the_dead()
    pid = os.getpid()
    folder = home() / f"run-{pid}-{start_time(pid)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_those_of_the_dead() -> None:
    for folder in home().iterdir():
        match = _NAME.fullmatch(folder.name)
        if match and start_time(int(match["pid"])) != int(match["started"]):
            shutil.rmtree(folder, ignore_errors=True)

"""A run's folder: its own while it runs, gone after it, and gone after a run that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from wallwatch.lab.run_folder import run_folder

HOLDS = """
import time
from wallwatch.lab.run_folder import run_folder
with run_folder() as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_it_goes_away_with_the_run() -> None:
    with run_folder() as folder:
        (folder / "data").mkdir()
        (folder / "data" / "file").write_text("x")
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_it_goes_away_with_a_run_that_fails() -> None:
    with pytest.raises(RuntimeError), run_folder() as folder:
        raise RuntimeError
    assert not folder.exists()


def hold() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def sweepers(folder: Path) -> list[int]:
    """The processes that wait to sweep it."""
    found = []
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(folder).encode() in status.read_bytes():
                found.append(int(status.parent.name))
    return found


def test_it_goes_away_with_a_run_that_is_killed() -> None:
    process, folder = hold()
    (folder / "data").mkdir()
    (folder / "data" / "file").write_text("x")
    process.kill()
    process.communicate()
    end = time.monotonic() + 10
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not folder.exists()


def test_where_the_sweeper_was_killed_too_the_next_run_removes_it_and_that_of_a_living_one_stays() -> None:
    (killed, left), (living, kept) = hold(), hold()
    try:
        for pid in [*sweepers(left), killed.pid]:
            os.kill(pid, signal.SIGKILL)
        killed.wait()
        assert left.is_dir()
        with run_folder():
            assert not left.exists()
            assert kept.is_dir()
    finally:
        living.kill()
        for process in (killed, living):
            process.communicate()

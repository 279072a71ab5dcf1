"""Labs are found by an empty folder's name, and what dead ones left goes away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wallwatch.lab import places


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return places.home()


def test_the_folder_is_ours_alone(home: Path) -> None:
    assert home.stat().st_mode & 0o777 == 0o700
    assert home.name == f"wallwatch-{os.getuid()}"


def test_a_folder_that_others_may_write_is_refused(home: Path) -> None:
    home.chmod(0o777)
    with pytest.raises(PermissionError, match="remove it"):
        places.home()


def test_a_link_in_its_place_is_refused(home: Path, tmp_path: Path) -> None:
    home.rmdir()
    (tmp_path / "elsewhere").mkdir()
    home.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError):
        places.home()


def test_the_living_are_found_and_the_dead_removed(home: Path) -> None:
    alive = places.claim(os.getpid(), home)
    started = places.start_time(os.getpid())
    assert started is not None
    another_life = home / f"lab-{os.getpid()}-{started - 1}"
    nobody = home / "lab-4194305-1"  # beyond the largest process id
    for folder in (another_life, nobody):
        folder.mkdir()
    assert places.running() == [alive]
    assert sorted(home.iterdir()) == [alive.folder]


def test_only_empty_folders_of_ours_are_removed(home: Path) -> None:
    full = home / "lab-4194305-1"
    full.mkdir()
    (full / "something").touch()
    other = home / "notes"
    other.mkdir()
    places.running()
    assert full.is_dir()
    assert other.is_dir()


def test_there_is_no_place_for_a_process_that_is_gone(home: Path) -> None:
    with pytest.raises(ProcessLookupError):
        places.claim(4194305, home)

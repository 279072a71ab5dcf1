"""The data folder of a station: its marker and the paths in it.

It says where things lie and whether this version may touch them; it reads nothing of what lies there.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from wallwatch import __version__
from wallwatch.archive.durable import sync_folder, write_durably
from wallwatch.refusal import Refusal

FORMAT = 1  # of the folder as a whole; grows when an older version could no longer read it
MARKER = "wallwatch.json"
NOT_IN_PATHS = "%[]^|\\"  # deltalake 1.6 fails on these, and on control characters


class Marker(Struct, frozen=True, kw_only=True):
    """What `wallwatch.json` says."""

    format: int
    written_by: str


class DataFolder(Struct, frozen=True):
    """An opened data folder. Its parts are made by whoever writes them first."""

    path: Path

    @property
    def archive(self) -> Path:
        return self.path / "archive"

    @property
    def lake(self) -> Path:
        return self.path / "lake"

    @property
    def quarantine(self) -> Path:
        return self.path / "quarantine"

    @property
    def station_db(self) -> Path:
        return self.path / "station.db"

    @property
    def lock(self) -> Path:
        return self.path / ".pipeline.lock"


def open_folder(path: Path, *, create: bool) -> DataFolder:
    """Open `path` as a data folder, with `create` making it where nothing is yet.

    Raises Refusal where it is something else, where a newer version wrote it, or where it cannot be used.
    """
    if awkward := [letter for letter in str(path.resolve()) if letter in NOT_IN_PATHS or letter < " "]:
        raise Refusal(
            f"The path {str(path.resolve())!r} holds {awkward[0]!r}, with which tables cannot be kept."
            " Name another folder."
        )
    marker = path / MARKER
    if not marker.exists():
        _found(path, marker, create)
    _check(path, _read(path, marker))
    return DataFolder(path)


def _found(path: Path, marker: Path, create: bool) -> None:
    if path.exists() and not path.is_dir():
        raise Refusal(f"{path} is a file; a data folder is needed.")
    if path.exists() and any(path.iterdir()):
        raise Refusal(
            f"{path} is not a wallwatch data folder (no {MARKER} in it) and not empty. Name another folder."
        )
    if not create:
        raise Refusal(f"There is no data in {path} yet. `wallwatch ingest` or `wallwatch up` makes it.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_durably(marker, msgspec.json.encode(Marker(format=FORMAT, written_by=__version__)) + b"\n")
        sync_folder(path.parent)
    except OSError as error:
        raise Refusal(f"{path} cannot be made a data folder: {error.strerror}.") from error


def _read(path: Path, marker: Path) -> Marker:
    try:
        return msgspec.json.decode(marker.read_bytes(), type=Marker)
    except OSError as error:
        raise Refusal(f"{marker} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise Refusal(f"{marker} is damaged ({error}); {path} is left as it is.") from error


def _check(path: Path, marker: Marker) -> None:
    if marker.format > FORMAT:
        raise Refusal(
            f"{path} was written by wallwatch {marker.written_by} in data format {marker.format}; this is "
            f"wallwatch {__version__}, which knows formats up to {FORMAT}. Use that version or a newer one."
        )

"""The archive: what it accepted it keeps, through kill -9, torn ends and a lost index."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.archive.lines import arrival, identify
from wallwatch.archive import frames
from wallwatch.archive.segments import Archive, Fate

WRITER = """
import sys
from pathlib import Path
from tests.archive.lines import arrival, identify
from wallwatch.archive.segments import Archive
archive = Archive(Path(sys.argv[1]), identify)
number = 0
while True:
    uids = [f"{sys.argv[2]}-{number + step}" for step in range(7)]
    archive.append([arrival(uid, hours=int(uid[-1]) % 2, padding="x" * 5000) for uid in uids])
    print(*uids, flush=True)
    number += 7
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def opened(root: Path) -> Archive:
    return Archive(root, identify)


def uids(archive: Archive) -> list[str]:
    return [record.uid for record in archive.since(0)]


def test_it_keeps_lines_as_received_by_the_hour_they_began(root: Path) -> None:
    with opened(root) as archive:
        arrivals = [arrival("a"), arrival("b", 1), arrival("c", 24)]
        assert archive.append(arrivals) == [Fate.NEW] * 3
        assert [record.line for record in archive.since(0)] == [one.line for one in arrivals]
    folders = sorted(str(path.parent.relative_to(root)) for path in root.glob("*/*/*.jsonl.zst"))
    assert folders == ["2017-09-20/02", "2017-09-20/03", "2017-09-21/02"]


def test_duplicates_are_told_and_not_kept(root: Path) -> None:
    with opened(root) as archive:
        assert archive.append([arrival("a"), arrival("b"), arrival("a")]) == [
            Fate.NEW,
            Fate.NEW,
            Fate.DUPLICATE,
        ]
        assert archive.append([arrival("b"), arrival("c")]) == [Fate.DUPLICATE, Fate.NEW]
        assert uids(archive) == ["a", "b", "c"]
    with opened(root) as archive:
        assert archive.append([arrival("c")]) == [Fate.DUPLICATE]
        assert archive.has("c")
        assert len(archive) == 3


def test_a_body_upgrades_a_listings_row_and_not_the_other_way_round(root: Path) -> None:
    with opened(root) as archive:
        archive.append([arrival("a", bare=True), arrival("b", bare=True)])
        read_so_far = archive.last()
        assert archive.append([arrival("a", bare=True), arrival("a", padding="body")]) == [
            Fate.DUPLICATE,
            Fate.UPGRADE,
        ]
        assert archive.append([arrival("a", bare=True), arrival("a")]) == [Fate.DUPLICATE] * 2
        assert [(one.uid, one.bare, one.upgrade) for one in archive.since(read_so_far)] == [
            ("a", False, True)
        ]
        found = archive.get("a")
        assert found is not None
        assert b"body" in found.line


def test_a_cursor_reads_on(root: Path) -> None:
    with opened(root) as archive:
        archive.append([arrival(f"a{number}") for number in range(600)])
        first = list(archive.since(0, limit=250))
        assert len(first) == 250
        assert len(list(archive.since(first[-1].seq))) == 350


def test_a_lost_or_damaged_index_is_made_again(root: Path) -> None:
    with opened(root) as archive:
        archive.append([arrival("a", bare=True), arrival("b", 5)])
        archive.append([arrival("a", 3)])
        generation = archive.generation
    for spoil in (lambda path: path.unlink(), lambda path: path.write_bytes(b"no database" * 1000)):
        for path in root.glob("index.db*"):
            spoil(path)
        with opened(root) as archive:
            assert archive.generation != generation
            assert sorted((one.uid, one.bare) for one in archive.since(0)) == [("a", False), ("b", False)]


def test_a_segment_that_went_back_makes_the_index_anew(root: Path) -> None:
    with opened(root) as archive:
        archive.append([arrival("a"), arrival("b", 1)])
    next(root.glob("2017-09-20/03/*.zst")).unlink()
    with opened(root) as archive:
        assert uids(archive) == ["a"]
        assert archive.append([arrival("b", 1)]) == [Fate.NEW]


def test_a_failed_write_keeps_nothing_and_can_be_tried_again(root: Path) -> None:
    with opened(root) as archive:
        archive.append([arrival("a")])
        blocked = root / "2017-09-20" / "05"
        blocked.write_bytes(b"a file where a folder must be")
        with pytest.raises(OSError, match=r"(?i)exists|directory"):
            archive.append([arrival("b"), arrival("c", 3)])
        blocked.unlink()
        assert uids(archive) == ["a"]
        assert archive.append([arrival("b"), arrival("c", 3)]) == [Fate.NEW] * 2
    with opened(root) as archive:
        assert uids(archive) == ["a", "b", "c"]


def test_two_writers_beside_each_other(root: Path) -> None:
    with opened(root) as one, opened(root) as other:
        assert one.append([arrival("a")]) == [Fate.NEW]
        assert other.append([arrival("a"), arrival("b")]) == [Fate.DUPLICATE, Fate.NEW]
        assert uids(one) == uids(other) == ["a", "b"]


def test_a_torn_frame_is_cut_off_and_a_whole_one_behind_the_index_taken_in(root: Path) -> None:
    with opened(root) as archive:
        archive.append([arrival("a")])
    segment = next(root.glob("*/*/*.zst"))
    whole = frames.compress([arrival("b").line])
    with segment.open("ab") as file:
        file.write(whole + frames.compress([arrival("c").line])[:-3])
    with opened(root) as archive:
        assert uids(archive) == ["a", "b"]
        assert [damage.torn for _, damage in archive.damages] == [True]
    assert [type(found) for found in frames.read(segment)] == [frames.Frame, frames.Frame]


@pytest.mark.parametrize("name", ["first", "second"])
def test_killed_while_writing_it_loses_nothing_that_was_acknowledged(root: Path, name: str) -> None:
    acknowledged: list[str] = []
    for life in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), f"{name}{life}"],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert writer.stdout is not None
        first = b"".join(writer.stdout.readline() for _ in range(1 + 4 * life))
        writer.send_signal(signal.SIGKILL)
        acknowledged += (first + writer.stdout.read()).decode().split()
        writer.stdout.close()
        writer.wait()
    with opened(root) as archive:
        kept = uids(archive)
        lines = {record.uid: record.line for record in archive.since(0)}
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)
    assert all(identify(line).uid == uid for uid, line in lines.items())

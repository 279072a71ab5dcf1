"""Frames: whole or not there, and a damaged one does not take its neighbours along."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallwatch.archive import frames

LINES = st.lists(st.binary(max_size=200).map(lambda line: line.replace(b"\n", b" ")), min_size=1, max_size=5)


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    return tmp_path / "segment"


def lines_of(path: Path) -> list[tuple[bytes, ...]]:
    return [found.lines for found in frames.read(path) if isinstance(found, frames.Frame)]


@given(st.lists(LINES, max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, groups: list[list[bytes]]) -> None:
    path = tmp_path_factory.mktemp("segments") / "segment"
    path.write_bytes(b"".join(frames.compress(group) for group in groups))
    found = list(frames.read(path))
    assert [tuple(group) for group in groups] == lines_of(path)
    assert sum(one.length for one in found) == path.stat().st_size


def test_every_torn_end_is_recognised(segment: Path) -> None:
    first, second = frames.compress([b"one", b"two"]), frames.compress([b"three" * 100])
    for cut in range(1, len(second)):
        segment.write_bytes(first + second[:cut])
        assert list(frames.read(segment))[1] == frames.Damage(len(first), cut, torn=True)
        assert lines_of(segment) == [(b"one", b"two")]


def test_a_damaged_frame_is_stepped_over(segment: Path) -> None:
    first, second, third = (frames.compress([word * 50]) for word in (b"one", b"two", b"three"))
    for at in range(len(second)):
        broken = bytearray(second)
        broken[at] ^= 0xFF
        segment.write_bytes(first + bytes(broken) + third)
        assert lines_of(segment) == [(b"one" * 50,), (b"three" * 50,)]
        assert not any(isinstance(one, frames.Damage) and one.torn for one in frames.read(segment))


def test_zeros_behind_the_last_frame_are_damage_and_nothing_else(segment: Path) -> None:
    first = frames.compress([b"one"])
    segment.write_bytes(first + bytes(4096))
    assert lines_of(segment) == [(b"one",)]
    assert list(frames.read(segment))[1] == frames.Damage(len(first), 4096, torn=False)


def test_reading_from_a_place_on(segment: Path) -> None:
    first, second = frames.compress([b"one"]), frames.compress([b"two"])
    segment.write_bytes(first + second)
    assert [one.offset for one in frames.read(segment, len(first))] == [len(first)]
    assert frames.read_one(segment, len(first), len(second)).lines == (b"two",)
    with pytest.raises(ValueError, match="no frame at byte 1"):
        frames.read_one(segment, 1, 5)

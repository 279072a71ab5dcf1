"""Cut, changed, spliced and repeated versions of good bytes, drawn by hypothesis so that they shrink."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after up to four mutations; now and then none of them at all."""
    data = draw(st.sampled_from(seeds)) if draw(st.integers(0, 9)) else draw(st.binary(max_size=300))
    for _ in range(draw(st.integers(0, 4))):
        data = _mutated_once(draw, data, seeds)
    return data


def _mutated_once(draw: st.DrawFn, data: bytes, seeds: Sequence[bytes]) -> bytes:
    kind = draw(st.sampled_from(["cut", "byte", "number", "insert", "delete", "splice", "repeat"]))
    at = draw(st.integers(0, len(data)))
    if kind == "cut":
        return data[:at]
    if kind == "byte":
        return data[:at] + draw(st.binary(min_size=1, max_size=1)) + data[at + 1 :]
    if kind == "number":  # a length or an offset that points somewhere else
        size = draw(st.sampled_from([1, 2, 3, 4]))
        value = draw(st.sampled_from([0, 1, 2**7, 2 ** (8 * size) - 1, len(data), max(0, len(data) - at)]))
        return data[:at] + (value % 2 ** (8 * size)).to_bytes(size, "big") + data[at + size :]
    if kind == "insert":
        return data[:at] + draw(st.binary(max_size=20)) + data[at:]
    if kind == "delete":
        return data[:at] + data[at + draw(st.integers(1, 20)) :]
    if kind == "splice":
        return data[:at] + draw(st.sampled_from(seeds))[at:]
    return data[:at] + data[at : at + 8] * draw(st.integers(2, 5)) + data[at + 8 :]

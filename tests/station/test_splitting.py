"""Whatever a file holds comes out in pieces: documents that are good, and the rest with its reason."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from wallwatch.archive.quarantine import KEPT_BYTES
from wallwatch.pipeline.unreadable import Reason
from wallwatch.station.intake import lines as lines_module
from wallwatch.station.intake.lines import MAX_DOCUMENT
from wallwatch.station.intake.splitting import TOO_LARGE, Document, Spoilt, split
from wallwatch.station.intake.streams import UNKNOWN_PACKING, CutShort, Unpacked
from wallwatch.station.intake.walking import DAMAGED_TAR, Source, pieces, sources

LINES = [json.dumps({"number": number, "padding": "x" * 50}).encode() for number in range(2000)]
JSONL = b"\n".join(LINES) + b"\n"
UID = "20221110112405.003769_US_tor_56e03d764ee82e8f"


def found(path: Path, content: bytes, name: str = "file") -> list[Document | Spoilt]:
    (path / name).write_bytes(content)
    return [one.piece for one in pieces(Source(path / name, name, len(content)))]


def told(all_of_it: list[Document | Spoilt]) -> list[bytes | str]:
    return [one.content if isinstance(one, Document) else one.reason for one in all_of_it]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
def test_lines_whatever_they_are_packed_with(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    assert told(found(tmp_path, pack(JSONL))) == LINES
    assert told(found(tmp_path, pack(JSONL[:300]) + pack(JSONL[300:]))) == LINES
    assert told(found(tmp_path, pack(JSONL.rstrip()))) == LINES


@pytest.mark.parametrize(
    ("pack", "name"), [(gzip.compress, "gzip"), (zstandard.compress, "zstd")], ids=["gzip", "zstd"]
)
def test_of_a_cut_or_damaged_file_the_good_lines_are_kept(
    tmp_path: Path, pack: Callable[[bytes], bytes], name: str
) -> None:
    packed = b"".join(pack(line + b"\n") for line in LINES[:50])
    whole = len(packed) - len(pack(LINES[49] + b"\n"))
    cut = told(found(tmp_path, packed[: whole + 10]))
    assert cut == [*LINES[:49], f"truncated {name}"]
    damaged = bytearray(packed)
    damaged[whole + 12] ^= 0xFF
    assert told(found(tmp_path, bytes(damaged)))[:49] == LINES[:49]
    assert told(found(tmp_path, packed + b"\0" * 100)) == LINES[:50]
    assert told(found(tmp_path, packed + b"garbage")) == [*LINES[:50], f"damaged {name}"]


def test_one_member_cut_in_the_middle(tmp_path: Path) -> None:
    packed = gzip.compress(JSONL)
    all_of_it = found(tmp_path, packed[: len(packed) // 2])
    assert told(all_of_it)[:-1] == LINES[: len(all_of_it) - 1]
    assert len(all_of_it) > 100
    assert isinstance(all_of_it[-1], Spoilt)
    assert all_of_it[-1].reason == "truncated gzip"


def test_a_document_over_several_lines(tmp_path: Path) -> None:
    pretty = json.dumps({"test_keys": {"a": [1, 2]}}, indent=2).encode()
    assert told(found(tmp_path, pretty)) == [pretty]
    assert told(found(tmp_path, b"\xef\xbb\xbf" + pretty)) == [b"\xef\xbb\xbf" + pretty]
    assert told(found(tmp_path, pretty[:-3])) == [Reason.NOT_JSON.value]
    assert told(found(tmp_path, gzip.compress(pretty)[:-5])) == ["truncated gzip"]


def test_bad_lines_among_good_ones(tmp_path: Path) -> None:
    good = LINES[0]
    assert told(found(tmp_path, b"not json\n" + good + b"\n\n" + good)) == [b"not json", good, good]
    positions = [one.position for one in found(tmp_path, good + b"\n\n\nbad\n")]
    assert positions == ["line 1", "line 4"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.EMPTY),
        (b" \n\n ", Reason.EMPTY),
        (bytes(range(256)) * 50, Reason.NOT_JSON),
        (b"test_name: whatsapp\ninput: null\n", Reason.NOT_JSON),
        (b"1\n2\n3\n", Reason.NOT_JSON),
        (b"[" * 200_000, Reason.TOO_DEEP),
        (bz2.compress(JSONL), UNKNOWN_PACKING),
        (b"PK\x03\x04rest", UNKNOWN_PACKING),
    ],
)
def test_what_is_none_comes_out_once_with_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    assert told(found(tmp_path, content)) == [str(reason)]


def test_a_line_of_200_megabytes_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(LINES[0] + b"\n" + b'{"a": "')
        for _ in range(200):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n' + LINES[1] + b"\n")
    tracemalloc.start()
    all_of_it = [one.piece for one in pieces(Source(path, "large", 0))]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told(all_of_it) == [LINES[0], TOO_LARGE, LINES[1]]
    assert isinstance(all_of_it[1], Spoilt)
    assert all_of_it[1].size > 200 << 20
    assert len(all_of_it[1].head) <= KEPT_BYTES
    assert peak < 3 * MAX_DOCUMENT


def test_a_bomb_is_unpacked_in_bounded_pieces(tmp_path: Path) -> None:
    for pack in (gzip.compress, zstandard.compress):
        path = tmp_path / "bomb"
        path.write_bytes(pack(b" " * (300 << 20)))
        tracemalloc.start()
        reasons = told([one.piece for one in pieces(Source(path, "bomb", 0))])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert reasons == [Reason.EMPTY.value] or reasons == [TOO_LARGE]
        assert peak < 5 * MAX_DOCUMENT


def test_a_file_too_large_to_be_one_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wallwatch.station.intake import splitting

    for module in (lines_module, splitting):
        monkeypatch.setattr(module, "MAX_DOCUMENT", 1000)
    pretty = json.dumps({"test_keys": list(range(500))}, indent=2).encode()
    assert told(found(tmp_path, pretty)) == [TOO_LARGE]


def test_a_listing_in_csv(tmp_path: Path) -> None:
    listing = (
        b"measurement_uid,probe_cc,test_name,input,measurement_start_time\n"
        b'a1,US,tor,,2022-11-10T11:23:02Z\na2,IR,web_connectivity,"http://x/?a=1,2",2022-11-10T11:23:02Z\n'
    )
    rows = [json.loads(one) for one in told(found(tmp_path, listing))]
    assert [row["measurement_uid"] for row in rows] == ["a1", "a2"]
    assert (rows[0]["input"], rows[1]["input"]) == (None, "http://x/?a=1,2")
    cut = gzip.compress(listing)
    assert told(found(tmp_path, cut[:-4]))[-1] == "truncated gzip"
    assert told(found(tmp_path, listing + b"\xff\xfe,\n"))[-1] == "bad CSV"


def tar(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_postcans_in_tar(tmp_path: Path) -> None:
    posted = [f"2022/{UID}.post", "other.json", "packed.jsonl.gz", "empty"]
    content = tar(dict(zip(posted, [LINES[0], LINES[1], gzip.compress(LINES[2]), b""], strict=True)))
    (tmp_path / "cans.tar.gz").write_bytes(gzip.compress(content))
    found_pieces = list(pieces(Source(tmp_path / "cans.tar.gz", "cans.tar.gz", 0)))
    assert told([one.piece for one in found_pieces]) == [*LINES[:3], Reason.EMPTY.value]
    assert [one.uid for one in found_pieces] == [UID, None, None, None]
    assert found_pieces[0].piece.position == f"member 2022/{UID}.post, line 1"
    assert told(found(tmp_path, content[:700])) == [LINES[0], DAMAGED_TAR]
    large = gzip.compress(tar({str(n): line for n, line in enumerate(LINES)}))
    cut = told(found(tmp_path, large[: len(large) // 2]))
    assert cut[:-1] == LINES[: len(cut) - 1]
    assert cut[-1] == "truncated gzip"


def test_walking_leaves_the_data_folder_and_strange_files_out(tmp_path: Path) -> None:
    for name in ("in/a.json", "in/deep/b.json", "in/data/archive/c.zst"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"{}")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    names = [one.name for one in sources([tmp_path / "in"], tmp_path / "in" / "data")]
    assert names == ["in/a.json", "in/deep/b.json"]
    assert [one.name for one in sources([tmp_path / "in" / "a.json"], tmp_path)] == ["a.json"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*LINES[:3], b"bad", b"{", b"}", b"", b"1", b'"a"', b"\xff"]), max_size=8),
    st.integers(1, 40),
)
def test_it_loses_no_good_line_and_never_raises(parts: list[bytes], size: int) -> None:
    class Slow:
        def __init__(self, content: bytes) -> None:
            self._stream = io.BytesIO(content)

        def read(self, _: int) -> bytes:
            return self._stream.read(size)

    content = b"\n".join(parts)
    pieces_of_it = list(split(Slow(content)))
    documents = [one.content for one in pieces_of_it if isinstance(one, Document)]
    assert pieces_of_it
    for line in LINES[:3]:
        whole = [one for one in documents if one.strip() == content.strip()]
        assert whole or documents.count(line) == parts.count(line)


@given(st.binary(max_size=300))
def test_unpacking_anything_ends(content: bytes) -> None:
    for beginning in (b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"):
        with suppress(CutShort):
            stream = Unpacked(io.BytesIO(beginning + content))
            while stream.read(10):
                pass

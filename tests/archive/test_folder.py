"""The data folder says who it is, and a stranger's is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wallwatch import __version__, exits
from wallwatch.archive.folder import FORMAT, MARKER, open_folder
from wallwatch.archive.quarantine import KEPT_BYTES, Quarantine, specimen
from wallwatch.refusal import Refusal


def test_it_is_made_once_and_known_again(tmp_path: Path) -> None:
    made = open_folder(tmp_path / "new" / "data", create=True)
    assert json.loads((made.path / MARKER).read_text()) == {"format": FORMAT, "written_by": __version__}
    assert open_folder(made.path, create=False) == made


def test_a_newer_folder_is_refused_naming_both_versions(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text('{"format": 2, "written_by": "7.5.0"}')
    with pytest.raises(Refusal, match=r"7\.5\.0.*format 2") as refused:
        open_folder(tmp_path, create=True)
    assert __version__ in refused.value.message
    assert refused.value.exit_code == exits.WRONG_USE
    assert [path.name for path in tmp_path.iterdir()] == [MARKER]


def test_what_is_no_data_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(Refusal, match="not a wallwatch data folder"):
        open_folder(tmp_path, create=True)
    with pytest.raises(Refusal, match="is a file"):
        open_folder(tmp_path / "thesis.txt", create=True)
    with pytest.raises(Refusal, match="no data"):
        open_folder(tmp_path / "nothing", create=False)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / MARKER).write_text("{")
    with pytest.raises(Refusal, match="damaged"):
        open_folder(tmp_path / "damaged", create=True)


@pytest.mark.parametrize("name", ["a%20b", "[a]", "a|b", "a\tb"])
def test_a_path_that_tables_cannot_have_is_refused_first(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="another folder"):
        open_folder(tmp_path / name, create=True)
    assert list(tmp_path.iterdir()) == []


def test_quarantine_keeps_an_item_once_with_its_reason(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "quarantine")
    item = specimen("not JSON", "line 3 is not JSON", "reports/a.jsonl", "line 3", b"\x00" * (KEPT_BYTES + 5))
    assert quarantine.keep(item)
    assert not quarantine.keep(item)
    [label] = quarantine.labels()
    assert (label.reason, label.source, label.position) == ("not JSON", "reports/a.jsonl", "line 3")
    assert (label.size, label.kept_bytes) == (KEPT_BYTES + 5, KEPT_BYTES)
    [kept] = (tmp_path / "quarantine").glob("*.bin")
    assert kept.stat().st_size == KEPT_BYTES

"""The commands that print from a data folder, where its tables are not of this version."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Schema

from wallwatch import exits
from wallwatch.archive.folder import open_folder
from wallwatch.cli import main


@pytest.mark.parametrize("command", ["verdicts", "incidents", "vantages"])
def test_tables_of_another_version_are_refused_with_the_cure(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = open_folder(tmp_path / "data", create=True)
    other = pa.schema([("probe_id", pa.string())])
    DeltaTable.create(folder.lake / "silences", schema=Schema.from_arrow(other))
    with pytest.raises(SystemExit) as ended:
        main([command, "--data", str(folder.path)])
    assert ended.value.code == exits.WRONG_USE
    assert f"wallwatch up --data {folder.path}` makes the tables again" in capsys.readouterr().err

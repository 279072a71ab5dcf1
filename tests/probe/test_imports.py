"""A probe stays small: what it imports has none of the station's packages."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("duckdb", "deltalake", "pyarrow", "fastapi", "uvicorn", "jinja2", "isal", "zstandard")
ROOMS = ("archive", "lake", "station", "web", "collector", "lab")
PROGRAM = """
import importlib, sys
for name in sys.argv[1].split(","):
    importlib.import_module(name)
print("\\n".join(sys.modules))
"""


@pytest.mark.parametrize(
    "modules",
    [
        "wallwatch.commands.probe,wallwatch.probe.program,wallwatch.probe.contacts,wallwatch.net.real",
        "wallwatch.commands.control,wallwatch.control.program,wallwatch.control.twins",
        "wallwatch.commands.check,wallwatch.commands._check_report,wallwatch.pipeline.judge,wallwatch.pipeline.evidence",
    ],
)
def test_none_of_the_stations_packages_is_imported(modules: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, modules], capture_output=True, text=True, check=True, timeout=60
    )
    imported = set(run.stdout.split())
    assert "wallwatch.net.seam" in imported
    assert not {name for name in imported if name.partition(".")[0] in HEAVY}
    assert not {name for name in imported if name.startswith(tuple(f"wallwatch.{room}" for room in ROOMS))}

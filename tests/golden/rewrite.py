"""What the pipeline makes of each golden case: `python -m tests.golden.rewrite`. A person reads the diff.

A case is a folder with `measurement.json` (and `control.json`, where a control answered); these two are
inputs and are never rewritten. All are invented: OONI's own data may not be committed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from wallwatch.pipeline.evidence import gather
from wallwatch.pipeline.judge import judge
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.observe import observe

FOLDER = Path(__file__).parent
REFERENCE = "golden"


def cases() -> list[Path]:
    """The folders that hold a case."""
    return sorted(path.parent for path in FOLDER.glob("*/measurement.json"))


def outputs(case: Path) -> dict[str, Any]:
    """File name -> what belongs into it, as plain JSON values."""
    probe = observe(decode((case / "measurement.json").read_bytes()))
    control_file = case / "control.json"
    control = observe(decode(control_file.read_bytes())) if control_file.exists() else []
    verdicts = [judge(evidence, REFERENCE) for evidence in gather([*probe, *control], control)]
    return {
        "observations.json": [without_nulls(row) for row in json.loads(msgspec.json.encode(probe))],
        "verdicts.json": json.loads(msgspec.json.encode(verdicts)),
    }


def without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    """A row has some forty columns, most of them empty."""
    return {key: value for key, value in row.items() if value is not None}


def main() -> None:
    """Rewrite all of them."""
    for case in cases():
        for name, content in outputs(case).items():
            (case / name).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

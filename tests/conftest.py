"""What all tests share: where the real data lies, and the skips with their reasons.

`WALLWATCH_REQUIRE=lab,browser` (set in CI) turns those skips into failures: a green run there means that
the lab really forwarded packets and the browser really opened the pages.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # time is measured in bench/, not by tests
settings.load_profile("patient")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
REQUIRED = frozenset(filter(None, os.environ.get("WALLWATCH_REQUIRE", "").split(",")))


def _why_no_lab() -> str | None:
    from wallwatch.lab.support import why_not

    return why_not()


def _why_no_browser() -> str | None:
    return None if shutil.which("chromium") else "chromium is not installed (apt-get install chromium)"


def _why_no_data() -> str | None:
    return None if SHARED.is_dir() else "the shared folder with real data is not beside this checkout"


NEEDS = {"lab": _why_no_lab, "browser": _why_no_browser, "real_data": _why_no_data}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    reasons: dict[str, str | None] = {}
    for item in items:
        for need in NEEDS.keys() & {mark.name for mark in item.iter_markers()}:
            if need not in reasons:
                reasons[need] = NEEDS[need]()
            reason = reasons[need]
            if reason and need in REQUIRED:
                raise pytest.UsageError(f"{need} tests are required here and cannot run: {reason}")
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def shared() -> Path:
    """The folder of real data; the test that asks for it must carry the mark `real_data`."""
    return SHARED

"""One lab for all tests that leave it as they found it; no test may have made it lose a packet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lab.core.making import small
from wallwatch.lab.lab import Lab

QUIET = datetime(2017, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="package")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Running."""
    folder: Path = tmp_path_factory.mktemp("lab")
    with Lab.start(small(), seed=1, folder=folder) as lab:
        yield lab


@pytest.fixture
def lab(shared_lab: Lab) -> Iterator[Lab]:
    """At the first stage; afterwards nothing may be lost that was not meant to be."""
    shared_lab.set_instant(QUIET)
    yield shared_lab
    assert shared_lab.lost() == {}

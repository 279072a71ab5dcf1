"""Run the detectors: cells in, spells out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wallwatch import plugins
from wallwatch.model.cell import Cell
from wallwatch.model.changepoint import Spell

DETECTOR_VERSION = "steps-1"


def detect(cells: Iterable[Cell]) -> list[Spell]:
    """The spells that any detector found."""
    rows = list(cells)
    detectors: dict[str, Callable[[Iterable[Cell]], list[Spell]]] = plugins.discover(
        "wallwatch.pipeline.detectors", "DETECTOR"
    )
    return [spell for detector in detectors.values() for spell in detector(rows)]

"""From a measurement to observations: one fact a row. One file a nettest; the others share one way.

Odd types in a field lose that field or that row, never the measurement, and never become a wrong fact.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from msgspec import structs

from wallwatch.model.measurement import Measurement
from wallwatch.model.observation import Observation
from wallwatch.pipeline.extract import no_label, record_row, standard_rows
from wallwatch.plugins import discover

Observer = Callable[[Measurement], list[Observation]]


def observe(measurement: Measurement) -> list[Observation]:
    """All facts of a measurement, numbered. A measurement without any gives one row of kind `record`."""
    observer = observers().get(measurement.test_name, observe_any)
    rows = observer(measurement) or [record_row(measurement)]
    uid = measurement.measurement_uid
    return [structs.replace(row, observation_id=f"{uid}#{index}") for index, row in enumerate(rows)]


@cache
def observers() -> dict[str, Observer]:
    """Nettest name -> its observer, one from each file of this folder."""
    return discover("wallwatch.pipeline.observe", "OBSERVER")


def observe_any(measurement: Measurement) -> list[Observation]:
    """What a nettest without a file of its own left in the standard lists; it has no target of ours."""
    return standard_rows(measurement, no_label)

"""Find what the pipeline joins: controls in the lake that concern these probes, and the other way round.

It selects generously; `pipeline/evidence` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from wallwatch.lake.columns import TIME, table_of
from wallwatch.lake.reading import Reading
from wallwatch.lake.tables import OBSERVATIONS
from wallwatch.model.measurement import ROLE_CONTROL, ROLE_PROBE
from wallwatch.model.observation import Observation
from wallwatch.pipeline.evidence import JOIN_WINDOW

_WANTED = pa.schema([("run_id", pa.string()), ("target", pa.string()), ("earliest", TIME), ("latest", TIME)])


def controls_for(reading: Reading, probes: Sequence[Observation]) -> list[Observation]:
    """Observations of the control measurements in the lake that may belong to these."""
    return _found(reading, "controls_for", _of_role(probes, ROLE_PROBE))


def probes_for(reading: Reading, controls: Sequence[Observation]) -> list[Observation]:
    """Observations of the probes' measurements in the lake to which these controls may belong."""
    return _found(reading, "probes_for", _of_role(controls, ROLE_CONTROL))


def has_controls(reading: Reading) -> bool:
    """Whether any control ever measured."""
    return bool(reading.rows("controls_count")[0]["controls"])


def _of_role(rows: Iterable[Observation], role: str) -> list[Observation]:
    return [row for row in rows if row.vantage.role == role and row.target is not None]


def _found(reading: Reading, query: str, rows: Sequence[Observation]) -> list[Observation]:
    wanted = sorted(
        {(row.vantage.run_id or "", row.target or "", row.measurement_start_time) for row in rows}
    )
    if not wanted:
        return []
    table = table_of(
        _WANTED,
        [
            {
                "run_id": run or None,
                "target": target,
                "earliest": start - JOIN_WINDOW,
                "latest": start + JOIN_WINDOW,
            }
            for run, target, start in wanted
        ],
    )
    reading.offer("wanted", table)
    uids = {row["measurement_uid"] for row in reading.rows(query)}
    return reading.values(OBSERVATIONS, "observations_of", uids=sorted(uids)) if uids else []

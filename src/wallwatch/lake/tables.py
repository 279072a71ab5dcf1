"""The tables and their Arrow schemas.

What researchers group by is a column; what is nested and read as a whole is a struct, or JSON in a string
(columns ending in `_json`). How values become rows: `rows.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pyarrow as pa
from msgspec import Struct

from wallwatch.lake import rows
from wallwatch.lake.columns import TIME, Row
from wallwatch.lake.described import Described
from wallwatch.model.cell import Cell
from wallwatch.model.evidence import Evidence
from wallwatch.model.incident import Incident
from wallwatch.model.observation import Observation
from wallwatch.model.silence import Silence
from wallwatch.model.verdict import Verdict

T = TypeVar("T")

TEXT, WHOLE, REAL, TRUTH = pa.string(), pa.int64(), pa.float64(), pa.bool_()
TEXTS, WHOLES = pa.list_(TEXT), pa.list_(WHOLE)
TALLY = pa.map_(TEXT, WHOLE)


class Table(Struct, Generic[T], frozen=True, kw_only=True):
    """One table: its folder's name, its columns, and the way between value and row."""

    name: str
    schema: pa.Schema
    row: Callable[[T], Row]
    value: Callable[[Row], T]


_VANTAGE_COLUMNS = [
    ("probe_cc", TEXT),
    ("probe_asn", WHOLE),
    ("resolver_asn", WHOLE),
    ("role", TEXT),
    ("probe_id", TEXT),
    ("run_id", TEXT),
    ("access_type", TEXT),
    ("software", TEXT),
]

_ARM = pa.struct([("payload", TEXT), ("address", TEXT)])
_HANDSHAKE = pa.struct(
    [
        ("service", TEXT),
        ("function", TEXT),
        ("target_id", TEXT),
        ("endpoint", TEXT),
        ("hostname", TEXT),
        ("wire_class", TEXT),
        ("trigger_family", TEXT),
        ("client_profile", TEXT),
        ("sent_len", WHOLE),
        ("sent_prefix_hex", TEXT),
        ("t_first_reply", REAL),
        ("reply_len", WHOLE),
        ("reply_prefix_hex", TEXT),
        ("bytes_moved", WHOLE),
        ("rung", WHOLE),
        ("auth", pa.struct([("method", TEXT), ("key_id", TEXT), ("ok", TRUTH)])),
        ("failure", TEXT),
        ("failed_operation", TEXT),
        ("source_port", WHOLE),
        ("t0", REAL),
        ("t", REAL),
        ("transaction_id", WHOLE),
        ("catalogue_version", TEXT),
        ("unverified", TRUTH),
        ("trial", pa.struct([("id", TEXT), ("arm", _ARM), ("attempt", WHOLE)])),
    ]
)

MEASUREMENTS: Table[Described] = Table(
    name="measurements",
    schema=pa.schema(
        [
            ("measurement_uid", TEXT),
            ("report_id", TEXT),
            ("test_name", TEXT),
            ("test_version", TEXT),
            ("software_name", TEXT),
            ("software_version", TEXT),
            ("probe_cc", TEXT),
            ("probe_asn", WHOLE),
            ("probe_network_name", TEXT),
            ("resolver_asn", WHOLE),
            ("input", TEXT),
            ("measurement_start_time", TIME),
            ("test_runtime", REAL),
            ("role", TEXT),
            ("probe_id", TEXT),
            ("run_id", TEXT),
            ("round", TEXT),
            ("access_type", TEXT),
            ("bare", TRUTH),
        ]
    ),
    row=rows.plain,
    value=rows.back(Described),
)

OBSERVATIONS: Table[Observation] = Table(
    name="observations",
    schema=pa.schema(
        [
            ("observation_id", TEXT),
            ("measurement_uid", TEXT),
            ("test_name", TEXT),
            ("measurement_start_time", TIME),
            *_VANTAGE_COLUMNS,
            ("time", TIME),
            ("kind", TEXT),
            ("service", TEXT),
            ("function", TEXT),
            ("target", TEXT),
            ("input", TEXT),
            ("hostname", TEXT),
            ("address", TEXT),
            ("port", WHOLE),
            ("failure", TEXT),
            ("failed_operation", TEXT),
            ("seconds", REAL),
            ("query_type", TEXT),
            ("resolver", TEXT),
            ("answers", TEXTS),
            ("verified", TRUTH),
            ("server_name", TEXT),
            ("tls_version", TEXT),
            ("certificate_sha256", TEXT),
            ("http_url", TEXT),
            ("http_status", WHOLE),
            ("body_length", WHOLE),
            ("body_sha256", TEXT),
            ("title", TEXT),
            ("handshake", _HANDSHAKE),
        ]
    ),
    row=rows.observation_row,
    value=rows.observation,
)

EVIDENCE: Table[Evidence] = Table(
    name="evidence",
    schema=pa.schema(
        [
            ("measurement_uid", TEXT),
            ("test_name", TEXT),
            *_VANTAGE_COLUMNS,
            ("input", TEXT),
            ("measurement_start_time", TIME),
            ("service", TEXT),
            ("function", TEXT),
            ("target", TEXT),
            ("pool", TEXT),
            ("probe_json", TEXT),
            ("canaries_json", TEXT),
            ("control_json", TEXT),
            ("control_canaries_json", TEXT),
            ("control_uids", TEXTS),
            ("control_joined", TEXT),
            ("trials_json", TEXT),
            ("unverified", TRUTH),
            ("observation_ids", TEXTS),
        ]
    ),
    row=rows.evidence_row,
    value=rows.evidence,
)

VERDICTS: Table[Verdict] = Table(
    name="verdicts",
    schema=pa.schema(
        [
            ("measurement_uid", TEXT),
            ("test_name", TEXT),
            ("service", TEXT),
            ("function", TEXT),
            ("target", TEXT),
            ("input", TEXT),
            ("probe_cc", TEXT),
            ("probe_asn", WHOLE),
            ("measurement_start_time", TIME),
            ("outcome", TEXT),
            ("grade", TEXT),
            ("locus", TEXT),
            ("layer", TEXT),
            ("mechanism", TEXT),
            ("fraction", REAL),
            ("resolver_asn", WHOLE),
            ("access_type", TEXT),
            ("control_uid", TEXT),
            ("rules", TEXTS),
            ("because", TEXT),
            ("rules_version", TEXT),
            ("reference_version", TEXT),
            ("role", TEXT),
            ("probe_id", TEXT),
            ("run_id", TEXT),
            ("observation_ids", TEXTS),
            ("control_uids", TEXTS),
            ("trial_ids", TEXTS),
        ]
    ),
    row=rows.plain,
    value=rows.back(Verdict),
)

CELLS: Table[Cell] = Table(
    name="cells",
    schema=pa.schema(
        [
            ("probe_cc", TEXT),
            ("probe_asn", WHOLE),
            ("resolver_asn", WHOLE),
            ("service", TEXT),
            ("function", TEXT),
            ("layer", TEXT),
            ("hour", TIME),
            ("ok", WHOLE),
            ("down", WHOLE),
            ("blocked", WHOLE),
            ("unknown", WHOLE),
            ("proven", WHOLE),
            ("rules", TALLY),
            ("mechanisms", TALLY),
            ("probes", WHOLE),
            ("runs", WHOLE),
            ("witnesses", TEXTS),
            ("first", TIME),
            ("last", TIME),
        ]
    ),
    row=rows.cell_row,
    value=rows.cell,
)

INCIDENTS: Table[Incident] = Table(
    name="incidents",
    schema=pa.schema(
        [
            ("id", TEXT),
            ("kind", TEXT),
            ("state", TEXT),
            ("cc", TEXT),
            ("ccs", TEXTS),
            ("asns", WHOLES),
            ("service", TEXT),
            ("owner", TEXT),
            ("functions", TEXTS),
            ("targets", TEXTS),
            ("onset_earliest", TIME),
            ("onset_latest", TIME),
            ("end_earliest", TIME),
            ("end_latest", TIME),
            ("mechanisms", TEXTS),
            ("confidence", TEXT),
            (
                "counts",
                pa.struct(
                    [("measurements", WHOLE), ("blocked", WHOLE), ("probes", WHOLE), ("networks", WHOLE)]
                ),
            ),
            ("witnesses", TEXTS),
            ("history_json", TEXT),
            ("passages_json", TEXT),
            ("because", TEXT),
            ("versions", pa.struct([("rules", TEXT), ("detector", TEXT), ("reference", TEXT)])),
        ]
    ),
    row=rows.incident_row,
    value=rows.incident,
)

SILENCES: Table[Silence] = Table(
    name="silences",
    schema=pa.schema(
        [
            ("probe_id", TEXT),
            ("probe_cc", TEXT),
            ("probe_asn", WHOLE),
            ("since", TIME),
            ("noticed", TIME),
            ("until", TIME),
            ("missed_rounds", WHOLE),
            ("because", TEXT),
        ]
    ),
    row=rows.plain,
    value=rows.back(Silence),
)

TABLES: dict[str, Table[Any]] = {
    table.name: table
    for table in (MEASUREMENTS, OBSERVATIONS, EVIDENCE, VERDICTS, CELLS, INCIDENTS, SILENCES)
}

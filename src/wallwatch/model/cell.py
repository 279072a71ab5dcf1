"""A cell: what one hour of one series holds, as counts. Coarser views add cells up; nothing is averaged."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class CellKey(Struct, frozen=True, kw_only=True, order=True):
    """Which series and which hour."""

    probe_cc: str
    probe_asn: int
    resolver_asn: int | None
    service: str
    function: str
    layer: str  # where it showed; "" for measurements that were fine
    hour: datetime  # its start, UTC


class Cell(Struct, frozen=True, kw_only=True):
    """Counts of verdicts. `proven` and `consistent` split `blocked`."""

    key: CellKey
    ok: int
    down: int
    blocked: int
    unknown: int
    proven: int
    rules: dict[str, int]
    mechanisms: dict[str, int]
    probes: int  # distinct
    runs: int  # distinct
    witnesses: tuple[str, ...]  # measurement uids, at most 20
    first: datetime  # first and last measurement in it
    last: datetime

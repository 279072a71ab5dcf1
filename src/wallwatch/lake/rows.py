"""How a value of the model becomes a row of its table, and back. The columns themselves: `tables.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from wallwatch.lake.columns import Row
from wallwatch.model.cell import Cell, CellKey
from wallwatch.model.evidence import Evidence
from wallwatch.model.incident import Incident
from wallwatch.model.observation import Observation, Vantage

T = TypeVar("T")


def plain(value: Any) -> Row:
    row: Row = msgspec.to_builtins(value, builtin_types=(datetime,))
    return row


def back(kind: type[T]) -> Callable[[Row], T]:
    return lambda row: msgspec.convert(row, kind)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_VANTAGE = tuple(Vantage.__struct_fields__)


def observation_row(observation: Observation) -> Row:
    row = plain(observation)
    row.update(row.pop("vantage"))
    return row


def observation(row: Row) -> Observation:
    own = dict(row)
    own["vantage"] = {name: own.pop(name) for name in _VANTAGE}
    return msgspec.convert(own, Observation)


_EVIDENCE_JSON = ("probe", "canaries", "control", "control_canaries", "trials")


def evidence_row(evidence: Evidence) -> Row:
    row = {name: getattr(evidence, name) for name in Evidence.__struct_fields__}
    for name in _EVIDENCE_JSON:
        value = row.pop(name)
        row[f"{name}_json"] = None if value is None else _json(value)
    row.update(plain(row.pop("vantage")))
    return row


def evidence(row: Row) -> Evidence:
    own = dict(row)
    own["vantage"] = {name: own.pop(name) for name in _VANTAGE}
    for name in _EVIDENCE_JSON:
        text = own.pop(f"{name}_json")
        own[name] = None if text is None else msgspec.json.decode(text)
    return msgspec.convert(own, Evidence)


_CELL_KEY = tuple(CellKey.__struct_fields__)


def cell_row(cell: Cell) -> Row:
    row = plain(cell)
    row.update(row.pop("key"))
    return row


def cell(row: Row) -> Cell:
    own = dict(row)
    own["key"] = {name: own.pop(name) for name in _CELL_KEY}
    return msgspec.convert(own, Cell)


_INCIDENT_JSON = ("history", "passages")
_INTERVALS = ("onset", "end")


def incident_row(incident: Incident) -> Row:
    row = plain(incident)
    for name in _INCIDENT_JSON:
        row[f"{name}_json"] = _json(getattr(incident, name))
        del row[name]
    for name in _INTERVALS:
        interval = row.pop(name)
        row[f"{name}_earliest"] = interval and interval["earliest"]
        row[f"{name}_latest"] = interval and interval["latest"]
    return row


def incident(row: Row) -> Incident:
    own = dict(row)
    for name in _INCIDENT_JSON:
        own[name] = msgspec.json.decode(own.pop(f"{name}_json"))
    for name in _INTERVALS:
        earliest, latest = own.pop(f"{name}_earliest"), own.pop(f"{name}_latest")
        own[name] = None if earliest is None else {"earliest": earliest, "latest": latest}
    return msgspec.convert(own, Incident)

"""`wallwatch vantages`: who measures, from where, when last heard; and who went quiet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from wallwatch.commands._data import tables_of
from wallwatch.model.silence import Silence
from wallwatch.model.times import to_rfc3339


@click.command("vantages")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="A station's data folder.")
@click.option("--json", "as_json", is_flag=True, help="A JSON line for each.")
def vantages(data: Path, as_json: bool) -> None:
    """List probes and controls with their last word, and each silence."""
    with tables_of(data) as reading:
        from wallwatch.lake.tables import SILENCES

        rows = [row for row in reading.rows("vantages") if row["probe_id"]]
        silences = reading.values(SILENCES, "all_silences")
    for row in rows:
        own = [
            one for one in silences if (one.probe_id, one.probe_asn) == (row["probe_id"], row["probe_asn"])
        ]
        click.echo(_json(row, own) if as_json else _text(row, own))


def _json(row: Mapping[str, Any], silences: list[Silence]) -> str:
    return msgspec.json.encode({**row, "silences": silences}).decode()


def _text(row: Mapping[str, Any], silences: list[Silence]) -> str:
    head = (
        f"{row['probe_id']:<16} {row['role']:<8} {row['probe_cc']} AS{row['probe_asn']:<7}"
        f" {row['measurements']:>7} measurements, last {to_rfc3339(row['last_word'])}"
    )
    return "\n".join([head, *(f"{'':<16} {silence.because}" for silence in silences)])


COMMAND = vantages

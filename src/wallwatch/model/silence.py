"""A silence: a vantage that used to report and does not. Not an incident: silence is itself reported."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Silence(Struct, frozen=True, kw_only=True):
    """A probe's last word before and first word after. `until` None: it is quiet still."""

    probe_id: str
    probe_cc: str
    probe_asn: int
    since: datetime  # its last measurement before
    noticed: datetime  # the round in which it had missed enough of them to be called quiet
    until: datetime | None
    missed_rounds: int  # rounds in which other vantages reported and it did not
    because: str

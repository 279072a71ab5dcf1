"""Made-up measurements for the archive's tests: the archive knows nothing of a line but what it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from wallwatch.archive.segments import Arrival, Identity

START = datetime(2017, 9, 20, 2, 0, tzinfo=UTC)


def identify(line: bytes) -> Identity:
    """As the real one, without OONI's shape."""
    record = json.loads(line)
    return Identity(uid=record["uid"], start=datetime.fromisoformat(record["start"]), bare=record["bare"])


def arrival(uid: str, hours: float = 0, *, bare: bool = False, padding: str = "") -> Arrival:
    """One measurement that began so many hours after START."""
    start = START + timedelta(hours=hours)
    record = {"uid": uid, "start": start.isoformat(), "bare": bare, "padding": padding}
    line = json.dumps(record).encode()
    return Arrival(identity=identify(line), line=line)

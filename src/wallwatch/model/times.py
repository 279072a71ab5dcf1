"""The two ways a time is written: OONI's inside measurements, RFC 3339 in outputs. Both UTC."""

from __future__ import annotations

from datetime import UTC, datetime

OONI_FORMAT = "%Y-%m-%d %H:%M:%S"


def to_ooni(moment: datetime) -> str:
    """`2017-09-20 02:00:00`, df-000's form."""
    return moment.astimezone(UTC).strftime(OONI_FORMAT)


def to_rfc3339(moment: datetime) -> str:
    """`2017-09-20T02:00:00Z`, with microseconds only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Read either form, with or without fraction; a time without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

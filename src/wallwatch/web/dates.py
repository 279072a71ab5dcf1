"""Times and intervals as people read them. Always UTC, and it always says so. No clock is read here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wallwatch.model.changepoint import Interval


def moment(time: datetime) -> str:
    """`20 Sep 2017, 02:00 UTC`."""
    utc = time.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def moment_in_prose(time: datetime) -> str:
    """`02:00 UTC on 20 September 2017`."""
    utc = time.astimezone(UTC)
    return f"{utc:%H:%M} UTC on {utc.day} {utc:%B %Y}"


def between(interval: Interval) -> str:
    """`between 14:00 UTC on 19 September and 02:00 UTC on 20 September 2017`; a single moment is `at ...`."""
    first, last = interval.earliest.astimezone(UTC), interval.latest.astimezone(UTC)
    if first == last:
        return f"at {moment_in_prose(last)}"
    if first.date() == last.date():
        return f"between {first:%H:%M} and {moment_in_prose(last)}"
    year = "" if first.year == last.year else f" {first:%Y}"
    return f"between {first:%H:%M} UTC on {first.day} {first:%B}{year} and {moment_in_prose(last)}"


def span(length: timedelta) -> str:
    """How long, in the two largest units that matter: `12 h`, `4 d 8 h`, `20 min`."""
    minutes = int(length.total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes if days == 0 else 0, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"


def day(time: datetime) -> str:
    """`20 Sep`, for axes."""
    utc = time.astimezone(UTC)
    return f"{utc.day} {utc:%b}"


def machine(time: datetime) -> str:
    """What a `datetime` attribute holds."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")

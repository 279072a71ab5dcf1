"""Scenario time inside the router."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class LabClock:
    """Two readings: for records time runs as it does outside, for the censors `scale` times as fast."""

    def __init__(self, scale: float, instant: datetime, now: float) -> None:
        """Scenario time is `instant` when `time.monotonic()` is `now`."""
        self._scale = scale
        self.leap(instant, now)

    def leap(self, instant: datetime, now: float) -> None:
        """Scenario time is another from here on."""
        self._instant = instant.astimezone(UTC)
        self._posix = self._instant.timestamp()
        self._since = now

    def for_censors(self, now: float) -> float:
        """POSIX seconds, scaled, at a time of `time.monotonic()`."""
        return self._posix + self._scale * (now - self._since)

    def posix(self, now: float) -> float:
        """POSIX seconds, unscaled: what measurements and packet captures carry."""
        return self._posix + (now - self._since)

    def for_records(self, now: float) -> str:
        """The same, RFC 3339 with microseconds."""
        moment = self._instant + timedelta(seconds=now - self._since)
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

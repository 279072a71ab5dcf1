"""Single fields of a record as typed values: what is of another type is None, never a guess."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from wallwatch.model.failure import UNKNOWN_PREFIX

LONGEST_RUN = 86400.0  # seconds; a later `t` is a broken clock, and the start is used
NOT_RECORDED = UNKNOWN_PREFIX + "not recorded"  # "it failed" without a word how


def failure_of(value: Any) -> str | None:
    """Early probes wrote false for "none", and true for "some"."""
    if value is None or value is False or value == "":
        return None
    return value if isinstance(value, str) else NOT_RECORDED


def split_url(url: str) -> SplitResult | None:
    """None for what is no URL (an unclosed bracket)."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def status_of(value: Any) -> int | None:
    """An HTTP status; probes write 0 or -1 for none."""
    return value if type(value) is int and 100 <= value <= 999 else None


def moment_after(start: datetime, seconds: float | None) -> datetime:
    """The start plus `t`, where that makes sense."""
    if seconds is None or not 0 <= seconds <= LONGEST_RUN:
        return start
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return start


def number(value: Any) -> float | None:
    """A number that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def text(value: Any) -> str | None:
    """Text that is there."""
    return value if isinstance(value, str) and value else None

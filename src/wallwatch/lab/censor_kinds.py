"""The censors there are, and instances of them from a scenario's options."""

from __future__ import annotations

from typing import Any

from wallwatch import plugins
from wallwatch.lab.censor import Censor, CensorKind
from wallwatch.lab.strict import ShapeError, decode, did_you_mean

PACKAGE = "wallwatch.lab.censors"


def all_kinds() -> dict[str, CensorKind]:
    """By name."""
    found: dict[str, CensorKind] = plugins.discover(PACKAGE, "CENSOR")
    return found


def make(kind: str, options: dict[str, Any]) -> Censor:
    """A fresh instance. Raises ShapeError for an unknown kind or wrong options."""
    known = all_kinds()
    if kind not in known:
        raise ShapeError(f"there is no censor {kind!r}{did_you_mean(kind, known)}")
    decoded = decode(options, known[kind].options)
    try:
        return known[kind].make(decoded)
    except ValueError as error:
        raise ShapeError(f"censor {kind!r}: {error}") from error

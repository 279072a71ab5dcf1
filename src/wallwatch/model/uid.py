"""The id of a measurement that came without one: made from its content, so that it is found again.

OONI's shape is `<time>_<country>_<test name>_<hash>`. OONI puts the time of receipt there; ours is the
measurement's own start with the fraction 000000, because a derived id must not depend on when it was derived.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from wallwatch.model.measurement import Json

HASH_LENGTH = 16  # hexadecimal digits, as in OONI's


def derived_uid(measurement: Json, start: datetime, probe_cc: str, test_name: str) -> str:
    """`20170920020000.000000_CN_servicefunctions_ed269d082953bf2e`.

    `measurement` is the record without any transport wrapping: how it travelled does not change its id.
    """
    moment = start.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    name = "".join(letter for letter in test_name.lower() if letter.isascii() and letter.isalnum())
    return f"{moment}.000000_{probe_cc}_{name}_{content_hash(measurement)[:HASH_LENGTH]}"


def content_hash(measurement: Json) -> str:
    """SHA-256, in hexadecimal, of the measurement as key-sorted JSON (ASCII, no spaces)."""
    text = json.dumps(measurement, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()

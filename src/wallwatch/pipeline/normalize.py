"""Decode a measurement and turn each old probe's quirk into today's form, one small function per quirk.

After this no stage asks which program or year a record comes from. `test_keys` is left as the nettest wrote
it: `observe/` is its only reader.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

from wallwatch.model.measurement import Json, Measurement
from wallwatch.model.times import from_text
from wallwatch.model.uid import derived_uid
from wallwatch.pipeline.unreadable import Reason, Unreadable
from wallwatch.pipeline.unwrap import parse_json

UNKNOWN_COUNTRY = "ZZ"
UNKNOWN_AS = 0
COUNTRY = re.compile(r"[A-Z]{2}")
AS_NUMBER = re.compile(r"(?:AS)?([0-9]{1,10})", re.IGNORECASE)
LARGEST_AS = 2**32 - 1
# OONI's two shapes: 20210415084230.511612_IR_signal_ed269d082953bf2e and 01202003303dd8855f39...
UID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,99}")


def decode(raw: bytes, uid: str | None = None) -> Measurement:
    """One measurement from its JSON. `uid`: what the sender called it. Raises Unreadable, nothing else."""
    record = parse_json(raw)
    if not isinstance(record, dict):
        raise Unreadable(Reason.NOT_A_MEASUREMENT)
    return normalize(record, uid)


def normalize(record: Json, uid: str | None = None) -> Measurement:
    """The same from decoded JSON."""
    test_name = test_name_of(record)
    start = start_of(record)
    probe_cc = country_of(record.get("probe_cc"))
    return Measurement(
        measurement_uid=uid_of(uid, record) or derived_uid(record, start, probe_cc, test_name),
        report_id=text_or_none(record.get("report_id")),
        test_name=test_name,
        test_version=text_or_none(record.get("test_version")),
        software_name=text_or_none(record.get("software_name")) or "",
        software_version=text_or_none(record.get("software_version")) or "",
        probe_cc=probe_cc,
        probe_asn=as_number(record.get("probe_asn")) or UNKNOWN_AS,
        probe_network_name=text_or_none(record.get("probe_network_name")),
        resolver_asn=as_number(record.get("resolver_asn")),
        input=input_of(record.get("input")),
        measurement_start_time=start,
        test_runtime=seconds(record.get("test_runtime")),
        annotations=annotations_of(record.get("annotations")),
        test_keys=test_keys_of(record),
    )


def test_name_of(record: Json) -> str:
    """Required: without it nobody knows what was tested."""
    name = record.get("test_name")
    if not isinstance(name, str) or not name.strip():
        raise Unreadable(Reason.NO_TEST_NAME if "test_keys" in record else Reason.NOT_A_MEASUREMENT)
    return name.strip()


def start_of(record: Json) -> datetime:
    """Early reports have only the test's start; some APIs write the RFC 3339 form."""
    for key in ("measurement_start_time", "test_start_time"):
        value = record.get(key)
        if isinstance(value, str) and value.strip():
            try:
                return from_text(value)
            except (ValueError, OverflowError):  # overflow: year 1 or 9999 moved by a time zone
                raise Unreadable(Reason.BAD_TIME) from None
    raise Unreadable(Reason.NO_TIME)


def country_of(value: Any) -> str:
    """Two letters, upper case; anything else is the unknown country."""
    text = value.strip().upper() if isinstance(value, str) else ""
    return text if COUNTRY.fullmatch(text) else UNKNOWN_COUNTRY


def as_number(value: Any) -> int | None:
    """`AS4134`, `4134` or 4134; AS0 is how probes write "unknown"."""
    if isinstance(value, bool):
        return None
    match = AS_NUMBER.fullmatch(str(value).strip()) if isinstance(value, int | str) else None
    number = int(match.group(1)) if match else 0
    return number if 0 < number <= LARGEST_AS else None


def input_of(value: Any) -> str | None:
    """YAML-era nettests took a list (a front and a hidden host): joined by a space."""
    if isinstance(value, list):
        return " ".join(str(part) for part in value if isinstance(part, str | int)) or None
    return text_or_none(value)


def annotations_of(value: Any) -> dict[str, str]:
    """Null, a list, numbers and booleans have all been seen; what has no plain text form is left out."""
    if not isinstance(value, dict):
        return {}
    texts = ((str(key), annotation_text(item)) for key, item in value.items())
    return {key: text for key, text in texts if text is not None}


def annotation_text(value: Any) -> str | None:
    """Booleans as JSON writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def test_keys_of(record: Json) -> Json | None:
    """Null where the nettest failed before it began; an empty object says the same."""
    value = record.get("test_keys")
    if value is not None and not isinstance(value, dict):
        raise Unreadable(Reason.BAD_TEST_KEYS)
    return value or None


def uid_of(given: str | None, record: Json) -> str | None:
    """The sender's, else the record's own, where it has the look of one."""
    for candidate in (given, record.get("measurement_uid")):
        if isinstance(candidate, str) and UID.fullmatch(candidate):
            return candidate
    return None


def seconds(value: Any) -> float | None:
    """A duration; None where the record has none or nonsense."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def text_or_none(value: Any) -> str | None:
    """Text as it is, a number as text, None for anything else and for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value) or None

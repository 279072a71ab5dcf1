"""Find the measurements inside what was received: alone, in a submission, or in an answer of OONI's API.

It takes wrapping off and does not look at what a measurement says; `normalize.py` does that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from wallwatch.model.measurement import Json
from wallwatch.pipeline.unreadable import Reason, Unreadable

MAX_WRAPPERS = 4  # the deepest known: a proxy's answer around the API's around a string
UID_KEYS = ("measurement_uid", "uid")
BODY_KEYS = ("raw_measurement", "measurement")  # today's API, and the one before it
LISTING_KEYS = ("measurement_start_time", "probe_cc", "test_name")  # what makes a row of a listing


class Raw(Struct, frozen=True, kw_only=True):
    """A measurement without its wrapping. `body`: JSON on one line, ready to be archived and decoded."""

    uid: str | None  # what the wrapper called it; None: it has to be derived
    body: bytes


class ListingRow(Struct, frozen=True, kw_only=True):
    """A row of an API listing: metadata only. The raw body of the same measurement upgrades it later."""

    uid: str | None
    body: bytes


Found = Raw | ListingRow


def parse_json(raw: bytes) -> Any:
    """Decode JSON as old probes wrote it (Python's dialect: lone surrogates, no NaN). Raises Unreadable."""
    if not raw.strip():
        raise Unreadable(Reason.EMPTY)
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return _parse_leniently(raw)
    except RecursionError:
        raise Unreadable(Reason.TOO_DEEP) from None


def _parse_leniently(raw: bytes) -> Any:
    """For the few that msgspec refuses and the probes' own writers produced."""
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError:
        raise Unreadable(Reason.TOO_DEEP) from None
    except ValueError:  # bad UTF-8, bad JSON, NaN
        raise Unreadable(Reason.NOT_JSON) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def documents(raw: bytes) -> Iterator[bytes]:
    """The JSON documents of a file: the whole when it is one, else its lines. Never raises."""
    try:
        parse_json(raw)
    except Unreadable:
        yield from (line for line in raw.splitlines() if line.strip())
    else:
        yield raw


def unwrap(raw: bytes) -> list[Found]:
    """The measurements and listing rows in one JSON document. Raises Unreadable where there is none."""
    found = _unwrap(parse_json(raw), None, MAX_WRAPPERS)
    if not found:
        raise Unreadable(Reason.NOT_A_MEASUREMENT)
    return found


def _unwrap(value: Any, uid: str | None, depth: int) -> list[Found]:
    if depth < 0:
        raise Unreadable(Reason.NOT_A_MEASUREMENT)
    if isinstance(value, str):
        return _unwrap(parse_json(value.encode("utf-8", "surrogatepass")), uid, depth - 1)
    if isinstance(value, list):
        return [found for item in value for found in _unwrap(item, uid, depth - 1)]
    if not isinstance(value, dict):
        raise Unreadable(Reason.NOT_A_MEASUREMENT)
    return _unwrap_object(value, _uid_of(value) or uid, depth)


def _unwrap_object(value: Json, uid: str | None, depth: int) -> list[Found]:
    """One wrapper a line; the order matters only in that a measurement's own keys come first."""
    if "test_keys" in value:
        return [Raw(uid=uid, body=_one_line(value))]
    for key in BODY_KEYS:
        if value.get(key):
            return _unwrap(value[key], uid, depth - 1)
    if "results" in value and isinstance(value["results"], list):
        return [ListingRow(uid=_uid_of(row), body=_one_line(row)) for row in value["results"] if _is_row(row)]
    if "content" in value and "format" in value:  # a submission
        return _unwrap(value["content"], uid, depth - 1)
    if "body" in value and "status" in value:  # an HTTP answer as a proxy or a test recorded it
        return _unwrap(value["body"], uid, depth - 1)
    if _is_row(value) and uid is not None:  # the API knew the measurement and did not have its body
        return [ListingRow(uid=uid, body=_one_line(value))]
    if "test_name" in value:
        return [Raw(uid=uid, body=_one_line(value))]
    raise Unreadable(Reason.NO_TEST_NAME if "measurement_start_time" in value else Reason.NOT_A_MEASUREMENT)


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and all(key in value for key in LISTING_KEYS)


def _uid_of(value: Any) -> str | None:
    if isinstance(value, dict):
        for key in UID_KEYS:
            if isinstance(value.get(key), str) and value[key]:
                return str(value[key])
    return None


def _one_line(value: Json) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # lone surrogates
        return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")

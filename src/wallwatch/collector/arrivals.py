"""From a JSON document to lines for the archive: take the wrapping off, find the uid, keep the rest as is.

A measurement that came by itself is archived byte for byte (line ends inside it become blanks). What only the
wrapping knew, its uid, is put in front, so that the archive says it too.
"""

from __future__ import annotations

import json

import msgspec

from wallwatch.archive.segments import Arrival, Identity
from wallwatch.model.measurement import Json
from wallwatch.model.ooni import SCRUBBED_ADDRESS
from wallwatch.pipeline.normalize import normalize, uid_of
from wallwatch.pipeline.unwrap import parse_json, unwrap

UID = "measurement_uid"
BODY = "test_keys"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


def arrivals_of(document: bytes, uid: str | None = None) -> list[Arrival]:
    """The measurements in one document. `uid`: what the sender or the file's name calls it.

    Raises pipeline.unreadable.Unreadable where it holds none, or one that cannot be read.
    """
    record = parse_json(document)
    if isinstance(record, dict) and BODY in record:
        return [_arrival(_one_line(document), record, uid)]
    return [
        _arrival(_one_line(found.body), parse_json(found.body), found.uid or uid)
        for found in unwrap(document)
    ]


def identify(line: bytes) -> Identity:
    """What the archive must know of a line. Raises Unreadable (a ValueError)."""
    return _identity(parse_json(line))


def without_address(arrival: Arrival) -> Arrival:
    """The same without the probe's address, should its program have forgotten to take it out."""
    record = parse_json(arrival.line)
    if record.get("probe_ip") in (None, "", SCRUBBED_ADDRESS):
        return arrival
    record["probe_ip"] = SCRUBBED_ADDRESS
    return _arrival(_encoded(record), record, None)


def _arrival(line: bytes, record: Json, uid: str | None) -> Arrival:
    if uid is not None and uid == uid_of(uid, record) != uid_of(None, record):
        line = _named(line, record, uid)
        record = {**record, UID: uid}
    return Arrival(identity=_identity(record), line=line)


def _identity(record: Json) -> Identity:
    measurement = normalize(record)
    return Identity(
        uid=measurement.measurement_uid,
        start=measurement.measurement_start_time,
        bare=BODY not in record and uid_of(None, record) is not None,
    )


def _named(line: bytes, record: Json, uid: str) -> bytes:
    if UID in record or not line.startswith(b"{"):
        return _encoded({**record, UID: uid})
    return b'{"' + UID.encode() + b'":' + msgspec.json.encode(uid) + b"," + line[1:]


def _one_line(document: bytes) -> bytes:
    """JSON has line ends only between its tokens, where a blank says the same."""
    return document.removeprefix(BYTE_ORDER_MARK).strip().translate(_LINE_ENDS)


def _encoded(record: Json) -> bytes:
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:  # lone surrogates, which only escapes can carry
        return json.dumps(record, separators=(",", ":")).encode("ascii")

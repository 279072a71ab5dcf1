"""The little of protobuf's wire format that the messengers' handshakes need: varints and byte fields.

No schema and no groups: a message is a dict from field number to the values seen, in order.
"""

from __future__ import annotations

from collections.abc import Iterable

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LARGEST_FIELD = (1 << 29) - 1

Value = int | bytes
Fields = dict[int, list[Value]]


def encode(fields: Iterable[tuple[int, Value]]) -> bytes:
    """Fields in the given order; an int becomes a varint, bytes become length-delimited."""
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts.append(_varint(number << 3 | _VARINT) + _varint(value))
        else:
            parts.append(_varint(number << 3 | _BYTES) + _varint(len(value)) + value)
    return b"".join(parts)


def decode(data: bytes) -> Fields:
    """All fields of a message; fixed-size ones come as their raw bytes. ValueError if malformed."""
    found: Fields = {}
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        number, kind = key >> 3, key & 7
        if not 0 < number <= _LARGEST_FIELD:
            raise ValueError(f"protobuf field number {number}")
        value, position = _read_value(data, position, kind)
        found.setdefault(number, []).append(value)
    return found


def last_bytes(fields: Fields, number: int) -> bytes | None:
    """The last length-delimited value of a field (protobuf: the last one wins), None when it is absent."""
    values = fields.get(number)
    if not values:
        return None
    if not isinstance(values[-1], bytes):
        raise ValueError(f"protobuf field {number} is a number, not bytes")
    return values[-1]


def last_number(fields: Fields, number: int) -> int:
    """The last varint of a field, 0 (protobuf's default) when it is absent."""
    values = fields.get(number)
    if not values:
        return 0
    if not isinstance(values[-1], int):
        raise ValueError(f"protobuf field {number} is bytes, not a number")
    return values[-1]


def _read_value(data: bytes, position: int, kind: int) -> tuple[Value, int]:
    if kind == _VARINT:
        return _read_varint(data, position)
    if kind == _BYTES:
        length, position = _read_varint(data, position)
    elif kind == _FIXED64:
        length = 8
    elif kind == _FIXED32:
        length = 4
    else:
        raise ValueError(f"protobuf wire type {kind}")
    if length > len(data) - position:
        raise ValueError("a protobuf field reaches beyond the message")
    return data[position : position + length], position + length


def _varint(value: int) -> bytes:
    if not 0 <= value < 1 << 64:
        raise ValueError(f"{value} is no unsigned 64-bit number")
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("a protobuf number is cut")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >= 1 << 64:
                raise ValueError("a protobuf number above 64 bits")
            return value, position
    raise ValueError("a protobuf number of more than ten bytes")

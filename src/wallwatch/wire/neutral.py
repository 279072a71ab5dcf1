"""Innocent twins of what a trial sends: bytes and names as long, that no censor has a reason to act on.

Everything follows from the `random` bytes handed in. The bytes are neither text nor ciphertext nor the
beginning of a known protocol; the names lie under domains that IANA keeps for examples.
"""

from __future__ import annotations

import hashlib

from wallwatch.wire.fully_encrypted import PRINTABLE_SHARE, has_exempt_popcount
from wallwatch.wire.magic import has_known_magic

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LABEL = 50  # a DNS label has at most 63 letters; the last one here may be one longer than this
_LONGEST_NAME = 253
_EXAMPLE_DOMAINS = {"com": "example.com", "org": "example.org"}  # RFC 2606, section 3
_EXAMPLE_DOMAIN = "example.net"
_RESERVED_TOP_LEVEL = "test"  # RFC 2606, section 2: for names too short for an example domain
_PRINTABLE_LOW, _PRINTABLE_HIGH = 0x20, 0x7E


def neutral_bytes(trigger: bytes, random: bytes) -> bytes:
    """Bytes as long as `trigger` that the rule of `fully_encrypted` exempts for their few one bits.

    About two bits in a byte are set, at most every second byte is printable and never six in a row, and no
    known protocol begins so. ValueError if `trigger` is empty: nothing has no neutral twin.
    """
    if not trigger:
        raise ValueError("no bytes have no neutral twin")
    attempt = 0
    while True:
        candidate = _sparse_bytes(random, len(trigger), attempt)
        if candidate != trigger and is_neutral(candidate):
            return candidate
        attempt += 1


def is_neutral(payload: bytes) -> bool:
    """What `neutral_bytes` promises of its result; for tests, and for a twin that wants to know."""
    return has_exempt_popcount(payload) and not has_known_magic(payload) and not _reads_as_text(payload)


def neutral_name(name: str, random: bytes) -> str:
    """A name of the same length under an example domain, with the same top-level domain where there is one.

    Names under 13 letters have no room for that and get a label under `.test`; under 6 letters, a bare label.
    ValueError if `name` is empty or longer than a DNS name may be.
    """
    if not 0 < len(name) <= _LONGEST_NAME:
        raise ValueError("a name has 1 to 253 letters")
    top_level = name.rpartition(".")[2].lower()
    for parent in (_EXAMPLE_DOMAINS.get(top_level, _EXAMPLE_DOMAIN), _RESERVED_TOP_LEVEL):
        room = len(name) - len(parent) - 1
        if room > 0:
            return f"{_labels(random, room)}.{parent}"
    return _labels(random, len(name))


def _sparse_bytes(random: bytes, length: int, attempt: int) -> bytes:
    """The AND of two random streams: a quarter of the bits are set."""
    left = int.from_bytes(_stream(random, length, f"left {attempt}"), "big")
    right = int.from_bytes(_stream(random, length, f"right {attempt}"), "big")
    return (left & right).to_bytes(length, "big")


def _reads_as_text(payload: bytes) -> bool:
    printable = [_PRINTABLE_LOW <= byte <= _PRINTABLE_HIGH for byte in payload]
    if len(payload) > 1 and sum(printable) > PRINTABLE_SHARE * len(payload):
        return True
    return any(all(printable[i : i + 6]) for i in range(len(printable) - 5))


def _labels(random: bytes, length: int) -> str:
    """`length` letters with a dot wherever a label would get too long."""
    letters = [_LETTERS[byte % 26] for byte in _stream(random, length, "name")]
    for position in range(_LABEL, length - 1, _LABEL + 1):
        letters[position] = "."
    return "".join(letters)


def _stream(random: bytes, length: int, purpose: str) -> bytes:
    return hashlib.shake_256(purpose.encode() + b"\x00" + random).digest(length)

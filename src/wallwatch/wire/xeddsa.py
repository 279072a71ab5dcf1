"""XEdDSA over Curve25519: signatures that verify with an X25519 public key (Signal's XEdDSA specification).

Verifying is what a probe needs, and leans on Ed25519. Signing is for the lab's own certificates only: the
arithmetic is plain Python, correct but not in constant time, so never give it a key that matters.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_BASE_Y = 4 * pow(5, -1, _P) % _P
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_HASH_PREFIX = b"\xfe" + b"\xff" * 31  # hash_1 of the specification: 2**256 - 1 - 1, little endian

_Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T
_NEUTRAL: _Point = (0, 1, 1, 0)
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is that of `message` under the X25519 key `public` (32 bytes).

    The older Curve25519 signatures of Signal's libraries carry the sign of the Edwards point in the top bit
    of the last byte; the specification's have 0 there. Both verify. ValueError if a length is wrong.
    """
    if len(public) != 32 or len(signature) != 64:
        raise ValueError("an XEdDSA key has 32 bytes and a signature 64")
    u = int.from_bytes(public, "little") & (1 << 255) - 1
    if u >= _P or u == _P - 1:
        return False  # no point of the Edwards curve corresponds to it
    y = (u - 1) * pow(u + 1, -1, _P) % _P
    sign = signature[63] & 0x80
    edwards = (y | sign << 248).to_bytes(32, "little")
    plain = signature[:63] + bytes((signature[63] & 0x7F,))
    try:
        Ed25519PublicKey.from_public_bytes(edwards).verify(plain, message)
    except InvalidSignature:
        return False
    except ValueError:
        return False  # the key is no point of the curve
    return True


def sign(private: bytes, message: bytes, random: bytes) -> bytes:
    """The signature (64 bytes) of `message` with an X25519 private key. `random`: 64 fresh bytes.

    ValueError if a length is wrong.
    """
    if len(private) != 32 or len(random) != 64:
        raise ValueError("an X25519 private key has 32 bytes, and XEdDSA wants 64 random ones")
    scalar = int.from_bytes(private, "little")
    scalar = scalar & ~7 & (1 << 254) - 1 | 1 << 254
    public = _encode(_multiply(scalar, _BASE))
    if public[31] & 0x80:
        scalar = -scalar
    a = scalar % _ORDER
    public = public[:31] + bytes((public[31] & 0x7F,))
    r = _hash(_HASH_PREFIX, a.to_bytes(32, "little"), message, random)
    commitment = _encode(_multiply(r, _BASE))
    h = _hash(commitment, public, message)
    return commitment + ((r + h * a) % _ORDER).to_bytes(32, "little")


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % _ORDER


def _add(left: _Point, right: _Point) -> _Point:
    """RFC 8032 section 5.1.4."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % _P
    b = (left[1] + left[0]) * (right[1] + right[0]) % _P
    c = 2 * left[3] * right[3] * _D % _P
    d = 2 * left[2] * right[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: _Point) -> _Point:
    result = _NEUTRAL
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _encode(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")

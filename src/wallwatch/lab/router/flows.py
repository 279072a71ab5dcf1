"""Which flow a packet belongs to, and chance that depends on nothing but the seed, the flow and its count.

A shared generator would depend on the order in which packets of different hosts happen to arrive.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random

_PORTS = (6, 17)  # TCP, UDP: the transport header begins with both ports
_ICMP = (1, 58)
_SCALE = 2.0**-53


def flow_key(packet: bytes) -> bytes:
    """Protocol, addresses and ports of one direction; an echo's identifier stands in for ports."""
    if packet[0] >> 4 == 4:
        protocol, start, addresses = packet[9], (packet[0] & 15) << 2, packet[12:20]
        if packet[6] & 0x1F or packet[7]:
            return bytes((protocol,)) + addresses + b"fragment" + packet[4:6]
    else:
        protocol, start, addresses = packet[6], 40, packet[8:40]
    if protocol in _PORTS:
        return bytes((protocol,)) + addresses + packet[start : start + 4]
    if protocol in _ICMP:
        return bytes((protocol,)) + addresses + packet[start + 4 : start + 6]
    return bytes((protocol,)) + addresses


def draws(seed: bytes, label: bytes, flow: bytes, count: int) -> tuple[float, float]:
    """Two numbers in [0, 1) for a flow's packet number `count`; `label` keeps purposes apart."""
    digest = blake2b(label + count.to_bytes(8, "big") + flow, key=seed, digest_size=16).digest()
    first = int.from_bytes(digest[:8], "big") >> 11
    second = int.from_bytes(digest[8:], "big") >> 11
    return first * _SCALE, second * _SCALE


class Chance:
    """Implements `censor.Randomness`; a generator is made only when a censor asks, which is rare."""

    __slots__ = ("_generator", "_material")

    def __init__(self, seed: bytes, label: bytes, flow: bytes, count: int) -> None:
        self._material: tuple[bytes, bytes, bytes, int] | None = (seed, label, flow, count)
        self._generator: Random | None = None

    def _made(self) -> Random:
        if self._generator is None:
            seed, label, flow, count = self._material or (b"", b"", b"", 0)
            digest = blake2b(label + count.to_bytes(8, "big") + flow, key=seed, digest_size=16).digest()
            self._generator = Random(int.from_bytes(digest, "big"))
        return self._generator

    def random(self) -> float:
        """In [0, 1)."""
        return self._made().random()

    def uniform(self, low: float, high: float) -> float:
        """In [low, high)."""
        return self._made().uniform(low, high)

    def randrange(self, stop: int) -> int:
        """In [0, stop)."""
        return self._made().randrange(stop)

    def bytes(self, count: int) -> bytes:
        """That many."""
        return self._made().randbytes(count)

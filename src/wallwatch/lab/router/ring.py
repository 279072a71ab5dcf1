"""A host's cable, at the router's end: frames in by a shared memory ring (TPACKET_V2), frames out by send().

The ring is not bounded by rmem_max as a receive buffer is, so bursts do not get lost (packet_mmap.rst).
"""

from __future__ import annotations

import mmap
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from wallwatch.lab import native

_SOL_PACKET = 263
_PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION, _PACKET_IGNORE_OUTGOING = 5, 6, 10, 23
_TPACKET_V2 = 1
_ETH_P_ALL = 0x0003
_STATUS_KERNEL, _STATUS_USER = 0, 1

_FRAME = 2048  # holds the ring's header and an Ethernet frame of 1514 bytes
_BLOCK = 1 << 16
# Bytes of all rings together: the kernel clears them while the lab starts, at a millisecond for each MiB.
# Every host gets at least 512 frames (10 ms at full speed) and at most 2048.
_BUDGET = 26 << 20
_FEWEST_BLOCKS, _MOST_BLOCKS = 16, 64
_BATCH = 128  # frames taken in one go, so that no port starves the others or the timer
_ETHERNET_HEADER = 14
_OLDEST = 0.05  # seconds; an older time stamp means that somebody set the clock

ROUTER_MAC = bytes.fromhex("02ff00000001")
_TYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}


class Cable:
    """One AF_PACKET socket. Raises OSError while it is opened."""

    def __init__(self, mac: bytes, blocks: int) -> None:
        """With a ring of that size, and not plugged in yet: the interface need not exist."""
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, struct.pack("=i", _TPACKET_V2))
        self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, struct.pack("=i", 1))
        self._frames = _BLOCK * blocks // _FRAME
        ring = struct.pack("=IIII", _BLOCK, blocks, _FRAME, self._frames)
        native.set_socket_option(self._socket.fileno(), _SOL_PACKET, _PACKET_RX_RING, ring)
        self._map = mmap.mmap(self._socket.fileno(), _BLOCK * blocks)
        self._bytes = memoryview(self._map)
        self._words = self._bytes.cast("I")
        self._halves = self._bytes.cast("H")
        self._next = 0
        self._headers = {version: mac + ROUTER_MAC + kind for version, kind in _TYPES.items()}
        self.mac = mac
        self.dropped = 0  # by the kernel, since the ring was full

    def plug_in(self, interface: str) -> None:
        """Frames arrive from here on."""
        self._socket.bind((interface, _ETH_P_ALL))

    def fileno(self) -> int:
        return self._socket.fileno()

    def take(self) -> Iterator[tuple[float, bytes]]:
        """Frames that have arrived, at most a batch: (time of `time.monotonic()` it came, the frame).

        A frame longer than fits a slot comes cut; the sizes in its IP header tell.
        """
        words, halves = self._words, self._halves
        now, wall = time.monotonic(), time.time()
        for _ in range(_BATCH):
            start = self._next * _FRAME
            word = start >> 2
            if not words[word] & _STATUS_USER:
                return
            mac_offset = halves[(start >> 1) + 6]
            frame = bytes(self._bytes[start + mac_offset : start + mac_offset + words[word + 2]])
            age = wall - words[word + 4] - words[word + 5] * 1e-9
            words[word] = _STATUS_KERNEL
            self._next = (self._next + 1) % self._frames
            yield (now - age if 0.0 <= age < _OLDEST else now), frame

    def forget_error(self) -> None:
        """Of the socket, after a link went down."""
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def send(self, packet: bytes) -> None:
        """Put an IP packet on the cable, towards the host. Raises OSError."""
        self._socket.send(self._headers[packet[0] >> 4] + packet)

    def frame(self, packet: bytes) -> bytes:
        """What `send` puts on the cable."""
        return self._headers[packet[0] >> 4] + packet

    def count_dropped(self) -> int:
        """How many frames the kernel has dropped so far; it forgets its own count when asked."""
        answer = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self.dropped += struct.unpack("=II", answer)[1]
        return self.dropped


def open_cables(macs: Sequence[bytes]) -> list[Cable]:
    """One a host. In threads that end here: each ring costs the kernel a grace period, which they share."""
    count = max(1, len(macs))
    blocks = min(max(_BUDGET // _BLOCK // count, _FEWEST_BLOCKS), _MOST_BLOCKS)
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda mac: Cable(mac, blocks), macs))


def ip_packet(frame: bytes) -> bytes | None:
    """The IP packet in a frame, None if it holds something else, or less than a header."""
    kind, first = frame[12:14], frame[14:15]
    if kind == _TYPES[4] and first and first[0] >> 4 == 4 and len(frame) >= _ETHERNET_HEADER + 20:
        return frame[_ETHERNET_HEADER:]
    if kind == _TYPES[6] and first and first[0] >> 4 == 6 and len(frame) >= _ETHERNET_HEADER + 40:
        return frame[_ETHERNET_HEADER:]
    return None

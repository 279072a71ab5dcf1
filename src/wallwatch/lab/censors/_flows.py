"""What a stateful middlebox remembers of TCP: clients' streams from their SYN on, and residual blocks.

It sees one direction at a time and trusts what it sees, as on-path boxes do; it checks no checksum.
"""

from __future__ import annotations

from typing import TypeAlias

from wallwatch.wire.packet import Packet, TcpFlags

Flow: TypeAlias = tuple[str, int, str, int]  # client, its port, server, its port
Triple: TypeAlias = tuple[str, str, int]  # client, server, server's port: what residual blocks are keyed by

MOST_FLOWS = 65536  # watched at once; the oldest is forgotten first
MOST_BYTES = 16384  # of one stream; a hello that has not ended by then is not waited for


def flow_of(packet: Packet) -> Flow:
    """Of a packet that the client sent."""
    return (packet.src, packet.sport, packet.dst, packet.dport)


def triple_of(packet: Packet) -> Triple:
    """Of a packet that the client sent."""
    return (packet.src, packet.dst, packet.dport)


class Stream:
    """The bytes a client has sent, put in order; the first copy of a byte wins."""

    def __init__(self, first_sequence: int) -> None:
        """`first_sequence`: of the first byte, one after the SYN's."""
        self._first = first_sequence
        self._bytes = bytearray()
        self._ahead: dict[int, bytes] = {}  # by distance from the first byte

    @property
    def contiguous(self) -> bytes:
        """All bytes from the start up to the first gap."""
        return bytes(self._bytes)

    @property
    def next_sequence(self) -> int:
        """What the server will expect next, once all of `contiguous` has reached it."""
        return (self._first + len(self._bytes)) & 0xFFFFFFFF

    @property
    def is_too_long(self) -> bool:
        """Whether more came than any middlebox would keep."""
        return len(self._bytes) + sum(map(len, self._ahead.values())) > MOST_BYTES

    def add(self, sequence: int, payload: bytes) -> None:
        """Take a segment, in any order, as often as it comes."""
        distance = (sequence - self._first) & 0xFFFFFFFF
        if distance >= 1 << 31:  # before the first byte: a keep-alive
            return
        self._ahead.setdefault(distance, payload)
        while (start := next((d for d in self._ahead if d <= len(self._bytes)), None)) is not None:
            self._bytes += self._ahead.pop(start)[len(self._bytes) - start :]


class Streams:
    """The streams that are still being looked at. A flow is watched from its SYN until `forget`."""

    def __init__(self) -> None:
        self._streams: dict[Flow, Stream] = {}

    def follow(self, packet: Packet) -> Stream | None:
        """Take in a client's packet; its stream if the flow is watched and the packet brought bytes."""
        flow = flow_of(packet)
        if packet.flags & TcpFlags.SYN:
            self._watch(flow, packet)
            return None
        stream = self._streams.get(flow)
        if stream is None:
            return None
        if packet.flags & (TcpFlags.RST | TcpFlags.FIN):
            self.forget(flow)
        if not packet.payload:
            return None
        stream.add(packet.seq, packet.payload)
        return stream

    def forget(self, flow: Flow) -> None:
        """Its question is settled, or it has ended."""
        self._streams.pop(flow, None)

    def clear(self) -> None:
        """Forget all."""
        self._streams.clear()

    def _watch(self, flow: Flow, packet: Packet) -> None:
        self._streams.pop(flow, None)
        if len(self._streams) >= MOST_FLOWS:
            del self._streams[next(iter(self._streams))]
        self._streams[flow] = Stream((packet.seq + 1) & 0xFFFFFFFF)


class Residual:
    """Endpoints that a client may not speak to for a while after it was caught. A hit does not prolong it."""

    def __init__(self, seconds: float) -> None:
        """`seconds` of scenario time; 0 for none."""
        self._seconds = seconds
        self._until: dict[Triple, float] = {}

    def begin(self, triple: Triple, now: float) -> None:
        """From `now` on."""
        if self._seconds > 0:
            self._until[triple] = now + self._seconds

    def holds(self, triple: Triple, now: float) -> bool:
        """Whether it is still blocked."""
        until = self._until.get(triple)
        if until is None:
            return False
        if now >= until:
            del self._until[triple]
            return False
        return True

    def clear(self) -> None:
        """Forget all."""
        self._until.clear()

"""Packets as a client in China and a server abroad would send them, and chance that obeys."""

from __future__ import annotations

import ssl

from wallwatch.wire.packet import IpHeader, Packet, TcpFlags, TcpHeader, build_tcp

CLIENT, SERVER = "101.95.0.10", "157.240.1.60"
CLIENT6, SERVER6 = "240e:40::10", "2a03:2880:f20c::60"
SYN, ACK, PSH_ACK = TcpFlags.SYN, TcpFlags.ACK, TcpFlags.PSH | TcpFlags.ACK


class Fixed:
    """Chance that always falls the same way."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def random(self) -> float:
        return self.value

    def uniform(self, low: float, high: float) -> float:
        return low + self.value * (high - low)

    def randrange(self, stop: int) -> int:
        return int(self.value * stop)

    def bytes(self, count: int) -> bytes:
        return bytes(count)


class Client:
    """One TCP connection's client side, as packets; the server's first sequence number is 9000."""

    def __init__(self, sport: int = 40000, dport: int = 443, src: str = CLIENT, dst: str = SERVER) -> None:
        self.sport, self.dport, self.src, self.dst = sport, dport, src, dst
        self.first = 1000

    def segment(self, flags: int, offset: int = 0, payload: bytes = b"") -> Packet:
        """`offset`: of the payload in the client's stream."""
        tcp = TcpHeader(
            sport=self.sport,
            dport=self.dport,
            seq=self.first + 1 + offset,
            ack=9001,
            flags=flags,
        )
        return Packet.from_bytes(build_tcp(IpHeader(src=self.src, dst=self.dst), tcp, payload))

    def syn(self) -> Packet:
        tcp = TcpHeader(sport=self.sport, dport=self.dport, seq=self.first, flags=SYN)
        return Packet.from_bytes(build_tcp(IpHeader(src=self.src, dst=self.dst), tcp))

    def ack(self) -> Packet:
        return self.segment(ACK)

    def data(self, payload: bytes, offset: int = 0) -> Packet:
        return self.segment(PSH_ACK, offset, payload)

    def from_server(self, payload: bytes = b"", flags: int = ACK) -> Packet:
        tcp = TcpHeader(sport=self.dport, dport=self.sport, seq=9001, ack=self.first + 1, flags=flags)
        return Packet.from_bytes(build_tcp(IpHeader(src=self.dst, dst=self.src), tcp, payload))


def client_hello(server_name: str) -> bytes:
    """A real one, from OpenSSL."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    handshake = context.wrap_bio(incoming, outgoing, server_hostname=server_name)
    try:
        handshake.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake without a server")

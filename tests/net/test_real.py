"""The machine's own network, over loopback only: real sockets, real kernel errors, no packet leaves."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes import Authority
from tests.net.stepping import steps_over
from wallwatch.net.clock import SteppedClock, SystemClock
from wallwatch.net.failed import Failed, Timeouts
from wallwatch.net.real import RealNet
from wallwatch.net.roots import Roots
from wallwatch.net.seam import Endpoint, SocketOptions
from wallwatch.net.steps import HttpRequest, Steps, TcpConnection, TlsWish
from wallwatch.wire.dns import build_answer, parse_question

AUTHORITY = Authority()
PATIENT = Timeouts(resolve=5, connect=5, handshake=5, read=5)
HASTY = Timeouts(resolve=0.2, connect=0.2, handshake=0.2, read=0.2)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def steps(timeouts: Timeouts = PATIENT, roots: Roots | None = None) -> Steps:
    """Steps over the real network."""
    return steps_over(RealNet(SystemClock()), roots, timeouts)


@asynccontextmanager
async def server(
    handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Endpoint]:
    """A TCP server on loopback."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, host, 0, ssl=tls)
    async with listening:
        yield Endpoint(*listening.sockets[0].getsockname()[:2])
    await asyncio.sleep(0)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read, then RST."""
    await reader.read(1)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read all there is, then FIN."""
    await reader.read(65536)


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read and say nothing until the client goes."""
    await reader.read()


def has_ipv6_loopback() -> bool:
    """Whether ::1 can be bound."""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


LOOPBACKS = [
    "127.0.0.1",
    pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6_loopback(), reason="no IPv6 loopback")),
]


def unused_port(host: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.mark.parametrize("host", LOOPBACKS)
def test_an_exchange_of_a_megabyte(host: str) -> None:
    payload = os.urandom(1 << 20)

    async def look() -> None:
        async with server(echo, host=host) as endpoint:
            walk = steps()
            with closing(await walk.connect(endpoint)) as tcp:
                _, received = await asyncio.gather(tcp.send(payload), walk.receive_exactly(tcp, len(payload)))
            assert received == payload
            assert tcp.tally.bytes_received == len(payload)
            assert walk.trace.tcp_connect[0].ip == host

    asyncio.run(look())


@pytest.mark.parametrize("host", LOOPBACKS)
def test_refused(host: str) -> None:
    with pytest.raises(Failed) as caught:
        asyncio.run(steps().connect(Endpoint(host, unused_port(host))))
    assert (caught.value.failure, caught.value.operation) == ("connection_refused", "connect")


async def talk(handler: Handler, timeouts: Timeouts) -> tuple[Failed, Steps, float]:
    """Send a byte, wait for an answer; the failure, and how long it took."""
    async with server(handler) as endpoint:
        walk = steps(timeouts)
        with closing(await walk.connect(endpoint)) as tcp:
            await tcp.send(b"?")
            start = time.monotonic()
            with pytest.raises(Failed) as caught:
                await walk.receive(tcp)
            return caught.value, walk, time.monotonic() - start


@pytest.mark.parametrize(("handler", "failure"), [(reset, "connection_reset"), (hang_up, "eof_error")])
def test_how_a_server_may_end(handler: Handler, failure: str) -> None:
    failed, walk, _ = asyncio.run(talk(handler, PATIENT))
    assert (failed.failure, failed.operation) == (failure, "read")
    assert walk.trace.network_events[-1].failure == failure


def test_a_timeout_and_what_the_kernel_knew() -> None:
    failed, walk, took = asyncio.run(talk(stall, HASTY))
    assert failed.failure == "generic_timeout_error"
    assert took >= HASTY.read
    (info,) = walk.trace.tcp_info
    assert info.unacknowledged == 0  # the far end's kernel has it
    assert 0 < info.rtt < 1


def test_a_silent_host_times_out_without_leaking() -> None:
    """A full backlog drops further SYNs: the nearest to a silent host that loopback offers."""

    async def look() -> None:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(0)
            endpoint = Endpoint(*listening.getsockname())
            walk = steps(HASTY)
            attempts = await asyncio.gather(
                *(walk.connect(endpoint) for _ in range(8)), return_exceptions=True
            )
            failures = [attempt for attempt in attempts if isinstance(attempt, Failed)]
            for tcp in attempts:
                if isinstance(tcp, TcpConnection):
                    tcp.close()
            assert failures
            assert {failed.failure for failed in failures} == {"generic_timeout_error"}

    asyncio.run(look())


def test_abort_sends_a_reset_and_close_does_not() -> None:
    async def ending(abort: bool) -> str:
        seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                seen.set_result("eof" if await reader.read() == b"" else "bytes")
            except ConnectionResetError:
                seen.set_result("reset")

        async with server(watch) as endpoint:
            tcp = await steps().connect(endpoint)
            (tcp.abort if abort else tcp.close)()
            tcp.close()
            return await asyncio.wait_for(seen, 5)

    assert asyncio.run(ending(abort=True)) == "reset"
    assert asyncio.run(ending(abort=False)) == "eof"


def test_a_source_port_may_be_chosen_and_used_again() -> None:
    port = unused_port("127.0.0.1")

    async def look() -> list[int]:
        async with server(echo) as endpoint, server(echo) as other:
            ports = []
            for remote in (endpoint, other):
                with closing(await steps().connect(remote, SocketOptions(source_port=port))) as tcp:
                    ports.append(tcp.local.port)
            return ports

    assert asyncio.run(look()) == [port, port]


@pytest.mark.parametrize("host", LOOPBACKS)
def test_a_ttl_is_set_and_may_be_changed(host: str) -> None:
    option = (
        (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if ":" in host else (socket.IPPROTO_IP, socket.IP_TTL)
    )

    async def look() -> list[int]:
        async with server(echo, host=host) as endpoint:
            net = RealNet(SystemClock())
            with closing(await net.connect_tcp(endpoint, SocketOptions(ttl=7))) as stream:
                before = stream._socket.getsockopt(*option)
                stream.set_ttl(9)
                return [before, stream._socket.getsockopt(*option)]

    assert asyncio.run(look()) == [7, 9]


@pytest.mark.parametrize("host", LOOPBACKS)
def test_udp_to_a_closed_port_tells_who_refused(host: str) -> None:
    async def look() -> None:
        net = RealNet(SystemClock())
        with closing(await net.open_udp(Endpoint(host, unused_port(host, socket.SOCK_DGRAM)))) as udp:
            await udp.send(b"?")
            with pytest.raises(ConnectionRefusedError):
                await asyncio.wait_for(udp.receive(), 5)
            (error,) = udp.icmp_errors()
            assert error.offender == host
            assert error.errno == errno.ECONNREFUSED
            assert (error.kind, error.code) == ((1, 4) if ":" in host else (3, 3))
            assert udp.icmp_errors() == []

    asyncio.run(look())


def test_waiting_after_an_icmp_error_does_not_spin() -> None:
    """An error queue left full would wake the loop without end."""

    async def look() -> float:
        net = RealNet(SystemClock())
        with closing(await net.open_udp(Endpoint("127.0.0.1", unused_port("127.0.0.1")))) as udp:
            for _ in range(3):
                try:
                    await udp.send(b"?")
                except ConnectionRefusedError:
                    continue
            before = resource.getrusage(resource.RUSAGE_SELF)
            try:
                async with asyncio.timeout(0.3):
                    while True:
                        try:
                            await udp.receive()
                        except ConnectionRefusedError:
                            continue
            except TimeoutError:
                pass
            after = resource.getrusage(resource.RUSAGE_SELF)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert asyncio.run(look()) < 0.15


# TLS


async def shake_hands(walk: Steps, wish: TlsWish) -> None:
    """A handshake and an exchange with a TLS server for web.example and 127.0.0.1."""
    context = AUTHORITY.issue("web.example", "127.0.0.1").server_context()
    async with server(echo, context) as endpoint:
        with closing(await walk.connect(endpoint)) as tcp:
            tls = await walk.tls_handshake(tcp, wish)
            await tls.send(b"hello")
            assert await walk.receive_exactly(tls, 5) == b"hello"


@pytest.mark.parametrize(
    ("name", "roots", "year", "failure"),
    [
        ("web.example", AUTHORITY.roots(), 2017, None),
        ("127.0.0.1", AUTHORITY.roots(), 2017, None),
        ("other.example", AUTHORITY.roots(), 2017, "ssl_invalid_hostname"),
        ("127.0.0.2", AUTHORITY.roots(), 2017, "ssl_invalid_hostname"),
        ("web.example", Authority().roots(), 2017, "ssl_unknown_authority"),
        ("web.example", AUTHORITY.roots(), 2045, "ssl_invalid_certificate"),
        ("web.example", AUTHORITY.roots(), 2005, "ssl_invalid_certificate"),
    ],
)
def test_tls(name: str, roots: Roots, year: int, failure: str | None) -> None:
    clock = SteppedClock()
    clock.step(datetime(year, 9, 20, tzinfo=UTC))
    walk = steps_over(RealNet(clock), roots, PATIENT)
    with nullcontext() if failure is None else pytest.raises(Failed, match=f"verify: {failure}"):
        asyncio.run(shake_hands(walk, TlsWish(server_name=name)))
    record = walk.trace.tls_handshakes[0]
    assert record.failure == failure
    assert len(record.peer_certificates) == 1


def test_tls_1_2() -> None:
    context = AUTHORITY.issue("web.example").server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    async def look() -> str:
        async with server(echo, context) as endpoint:
            walk = steps(roots=AUTHORITY.roots())
            with closing(await walk.connect(endpoint)) as tcp:
                tls = await walk.tls_handshake(tcp, TlsWish(server_name="web.example"))
                await tls.send(b"x" * 100_000)
                assert len(await walk.receive_exactly(tls, 100_000)) == 100_000
                return tls.version

    assert asyncio.run(look()) == "TLSv1.2"


@pytest.mark.parametrize(
    ("handler", "failure"),
    [(reset, "connection_reset"), (hang_up, "eof_error"), (stall, "generic_timeout_error")],
)
def test_a_handshake_that_fails(handler: Handler, failure: str) -> None:
    async def look() -> Failed:
        async with server(handler) as endpoint:
            walk = steps(HASTY)
            with closing(await walk.connect(endpoint)) as tcp:
                with pytest.raises(Failed) as caught:
                    await walk.tls_handshake(tcp, TlsWish(server_name="web.example"))
                assert walk.trace.tls_handshakes[0].failure == failure
                return caught.value

    failed = asyncio.run(look())
    assert (failed.failure, failed.operation) == (failure, "tls_handshake")


def test_http_inside_tls() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + bytes(50_000))
        await writer.drain()

    async def look() -> Failed:
        context = AUTHORITY.issue("web.example").server_context()
        async with server(serve, context) as endpoint:
            walk = steps(roots=AUTHORITY.roots())
            with closing(await walk.connect(endpoint)) as tcp:
                tls = await walk.tls_handshake(tcp, TlsWish(server_name="web.example"))
                with pytest.raises(Failed) as caught:
                    await walk.http_request(tls, HttpRequest(host="web.example"))
                return caught.value

    failed = asyncio.run(look())
    assert (failed.failure, failed.received) == ("eof_error", 50_000)


# DNS


class Resolver(asyncio.DatagramProtocol):
    """Answers A queries with each of `answers` in turn, AAAA queries with nothing."""

    def __init__(self, answers: list[str]) -> None:
        self._answers = answers

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if parse_question(data).kind == "AAAA":
            self._transport.sendto(build_answer(data, []), addr)
            return
        for answer in self._answers:
            self._transport.sendto(build_answer(data, [answer]), addr)


class NearbyNet(RealNet):
    """The real network, its resolver at a port that needs no privilege."""

    def __init__(self, port: int) -> None:
        super().__init__(SystemClock())
        self._port = port

    def resolvers(self) -> list[str]:
        return ["127.0.0.1"]

    async def open_udp(self, remote: Endpoint, options: SocketOptions = SocketOptions()):  # noqa: B008
        return await super().open_udp(Endpoint(remote.address, self._port), options)


def test_two_answers_to_one_query() -> None:
    async def look() -> Steps:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Resolver(["198.51.100.66", "203.0.113.7"]), local_addr=("127.0.0.1", 0)
        )
        try:
            walk = steps_over(NearbyNet(transport.get_extra_info("sockname")[1]), timeouts=PATIENT)
            assert await walk.resolve("web.example", linger=0.3) == ["198.51.100.66"]
            return walk
        finally:
            transport.close()
            await asyncio.sleep(0)

    trace = asyncio.run(look()).trace
    late = [answer.ipv4 for query in trace.late_answers for answer in query.answers]
    assert late == ["203.0.113.7"]


def test_a_resolver_that_is_not_there() -> None:
    with pytest.raises(Failed, match="connection_refused"):
        asyncio.run(steps_over(NearbyNet(unused_port("127.0.0.1")), timeouts=PATIENT).resolve("web.example"))


def test_resolvers_come_from_resolv_conf(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# nameserver 192.0.2.1\nsearch example\nnameserver 192.0.2.53\n nameserver  2001:db8::53 \n"
        "nameserver nonsense\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n"
    )
    net = RealNet(SystemClock(), path)
    assert net.resolvers() == ["192.0.2.53", "2001:db8::53", "fe80::1%eth0"]
    assert RealNet(SystemClock(), tmp_path / "absent").resolvers() == []


def test_capabilities_are_asked_without_a_packet() -> None:
    able = RealNet(SystemClock()).capabilities()
    assert able.icmp_errors
    assert able.tcp_info


def test_getaddrinfo_of_a_literal_and_of_localhost() -> None:
    net = RealNet(SystemClock())
    assert asyncio.run(net.getaddrinfo("127.0.0.1")) == ["127.0.0.1"]
    assert {"127.0.0.1", "::1"} & set(asyncio.run(net.getaddrinfo("localhost")))


def test_random_bytes_differ() -> None:
    net = RealNet(SystemClock())
    assert len(net.random(16)) == 16
    assert net.random(16) != net.random(16)

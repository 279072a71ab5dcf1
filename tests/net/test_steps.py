"""The steps over a scripted network: what they return, what they raise, and what the trace keeps of it."""

from __future__ import annotations

import errno
from contextlib import closing

import pytest

from tests.fakes import Action, FakeNet, FarEnd, run
from tests.net.stepping import SHORT, steps_over
from wallwatch.net.connection import TcpConnection
from wallwatch.net.failed import Failed
from wallwatch.net.seam import Endpoint, SocketOptions

SERVER = Endpoint("203.0.113.7", 443)
SERVER_V6 = Endpoint("2001:db8::7", 443)


async def echo(far: FarEnd) -> None:
    """Send back what comes."""
    while data := await far.receive():
        await far.send(data)


async def connected(net: FakeNet) -> TcpConnection:
    """A connection with a trace of its own."""
    return await steps_over(net).connect(SERVER)


def test_connect_send_receive_are_recorded() -> None:
    net = FakeNet(latency=0.03)
    net.serve(SERVER, echo)
    steps = steps_over(net)

    async def look() -> bytes:
        with closing(await steps.connect(SERVER)) as tcp:
            await steps.send(tcp, b"hello")
            return await steps.receive(tcp)

    assert run(look()) == b"hello"
    keys = steps.trace.test_keys()
    assert keys["tcp_connect"] == [
        {
            "ip": "203.0.113.7",
            "port": 443,
            "status": {"failure": None, "success": True},
            "t0": 0.0,
            "t": 0.06,
            "transaction_id": 1,
            "tags": [],
        }
    ]
    events = [(e["operation"], e["num_bytes"], e["t0"], e["t"]) for e in keys["network_events"]]
    assert events == [("connect", 0, 0.0, 0.06), ("write", 5, 0.06, 0.06), ("read", 5, 0.06, 0.12)]
    assert {e["address"] for e in keys["network_events"]} == {"203.0.113.7:443"}
    assert {e["transaction_id"] for e in keys["network_events"]} == {1}


@pytest.mark.parametrize("server", [SERVER, SERVER_V6], ids=str)
def test_a_refused_connect(server: Endpoint) -> None:
    net = FakeNet()
    net.refuse(server)
    steps = steps_over(net)
    with pytest.raises(Failed) as caught:
        run(steps.connect(server))
    assert (caught.value.failure, caught.value.operation) == ("connection_refused", "connect")
    assert steps.trace.tcp_connect[0].status.failure == "connection_refused"
    assert not steps.trace.tcp_connect[0].status.success
    assert steps.trace.network_events[0].failure == "connection_refused"
    assert steps.trace.network_events[0].address == str(server)


def test_a_silent_connect_takes_its_time_and_no_more() -> None:
    net = FakeNet()
    steps = steps_over(net)
    with pytest.raises(Failed, match="generic_timeout_error"):
        run(steps.connect(SERVER))
    assert steps.trace.tcp_connect[0].t == SHORT.connect


def test_a_router_that_says_time_exceeded_is_recorded() -> None:
    net = FakeNet()
    net.unreachable(SERVER, offender="198.51.100.1")
    steps = steps_over(net)
    with pytest.raises(Failed, match="host_unreachable"):
        run(steps.connect(SERVER, SocketOptions(ttl=3)))
    (icmp,) = steps.trace.test_keys()["x_icmp_errors"]
    assert (icmp["offender"], icmp["type"], icmp["code"]) == ("198.51.100.1", 11, 0)
    assert (icmp["address"], icmp["transaction_id"]) == ("203.0.113.7:443", 1)
    assert net.flows[0].options.ttl == 3


def test_no_route_at_all() -> None:
    net = FakeNet()
    net.unreachable(SERVER_V6)
    with pytest.raises(Failed, match="network_unreachable"):
        run(steps_over(net).connect(SERVER_V6))


def test_a_reset_while_reading() -> None:
    net = FakeNet()
    net.censor = lambda endpoint, sent: Action.RESET if b"trigger" in sent else Action.PASS
    net.serve(SERVER, echo)
    steps = steps_over(net)

    async def look() -> None:
        with closing(await steps.connect(SERVER)) as tcp:
            await tcp.send(b"trigger")
            await steps.receive(tcp)

    with pytest.raises(Failed) as caught:
        run(look())
    assert (caught.value.failure, caught.value.operation) == ("connection_reset", "read")
    assert steps.trace.network_events[-1].failure == "connection_reset"


def test_a_write_after_the_reset() -> None:
    net = FakeNet()

    async def reset(far: FarEnd) -> None:
        far.reset()

    net.serve(SERVER, reset)
    steps = steps_over(net)

    async def look() -> None:
        with closing(await steps.connect(SERVER)) as tcp:
            await net.clock.sleep(1)
            await tcp.send(b"late")

    with pytest.raises(Failed) as caught:
        run(look())
    assert (caught.value.failure, caught.value.operation) == ("connection_reset", "write")


def test_a_dropped_trigger_times_out_and_says_that_it_was_not_acknowledged() -> None:
    net = FakeNet()
    net.censor = lambda endpoint, sent: Action.DROP if b"trigger" in sent else Action.PASS
    net.serve(SERVER, echo)
    steps = steps_over(net)

    async def look() -> None:
        with closing(await steps.connect(SERVER)) as tcp:
            await tcp.send(b"trigger")
            await steps.receive(tcp)

    with pytest.raises(Failed, match="read: generic_timeout_error"):
        run(look())
    event = steps.trace.network_events[-1]
    assert round(event.t - event.t0, 6) == SHORT.read
    (info,) = steps.trace.test_keys()["x_tcp_info"]
    assert info["unacknowledged"] > 0
    assert info["transaction_id"] == 1


def test_the_end_of_the_stream() -> None:
    net = FakeNet()

    async def leave(far: FarEnd) -> None:
        await far.receive()
        await far.send(b"bye")

    net.serve(SERVER, leave)
    steps = steps_over(net)

    async def look() -> None:
        with closing(await steps.connect(SERVER)) as tcp:
            await tcp.send(b"?")
            assert await steps.receive(tcp) == b"bye"
            assert await tcp.receive() == b""
            await steps.receive(tcp)

    with pytest.raises(Failed) as caught:
        run(look())
    assert (caught.value.failure, caught.value.operation) == ("eof_error", "read")
    assert [e.failure for e in steps.trace.network_events if e.operation == "read"] == [
        None,
        "eof_error",
        "eof_error",
    ]


def test_receive_exactly_says_how_much_had_come() -> None:
    net = FakeNet()

    async def stall(far: FarEnd) -> None:
        for part in (b"abc", b"def", b"gh"):
            await far.send(part)
            await net.clock.sleep(0.5)
        await net.clock.sleep(3600)

    net.serve(SERVER, stall)
    steps = steps_over(net)

    async def look() -> None:
        with closing(await steps.connect(SERVER)) as tcp:
            assert await steps.receive_exactly(tcp, 4) == b"abcd"
            await steps.receive_exactly(tcp, 10)

    with pytest.raises(Failed, match="generic_timeout_error") as caught:
        run(look())
    assert caught.value.received == 4


def test_the_tally_keeps_lengths_and_prefixes() -> None:
    net = FakeNet(latency=0.1)
    net.serve(SERVER, echo)

    async def look() -> TcpConnection:
        with closing(await connected(net)) as tcp:
            await tcp.send(b"x" * 30)
            await tcp.send(b"y" * 30)
            await tcp.receive(10)
            await tcp.receive(50)
            return tcp

    tally = run(look()).tally
    assert (tally.bytes_sent, tally.sent_prefix) == (60, b"x" * 30 + b"yy")
    assert tally.received_prefix == b"x" * 30 + b"yy"[: tally.bytes_received - 30]
    assert tally.first_received_at == 0.4


def test_a_closed_connection_is_already_closed() -> None:
    net = FakeNet()
    net.serve(SERVER, echo)

    async def look() -> None:
        tcp = await connected(net)
        tcp.close()
        tcp.close()
        await tcp.receive()

    with pytest.raises(Failed, match="connection_already_closed"):
        run(look())
    assert net.flows[0].outcome == "closed"


def test_abort_resets() -> None:
    net = FakeNet()
    seen: list[str] = []

    async def server(far: FarEnd) -> None:
        try:
            await far.receive()
        except ConnectionResetError:
            seen.append("reset")

    net.serve(SERVER, server)

    async def look() -> None:
        (await connected(net)).abort()
        await net.clock.sleep(1)

    run(look())
    assert seen == ["reset"]


def test_transactions_are_numbered_across_connections() -> None:
    net = FakeNet()
    net.serve(SERVER, echo)
    steps = steps_over(net)

    async def look() -> list[int]:
        with closing(await steps.connect(SERVER)) as one, closing(await steps.connect(SERVER)) as other:
            return [one.transaction_id, other.transaction_id]

    assert run(look()) == [1, 2]


def test_what_is_no_network_failure_goes_through() -> None:
    net = FakeNet()
    net.fail(SERVER, OSError(errno.EMFILE, "Too many open files at 203.0.113.9:80"))
    with pytest.raises(Failed) as caught:
        run(steps_over(net).connect(SERVER))
    assert caught.value.failure == "unknown_failure: [Errno 24] Too many open files at [scrubbed]"

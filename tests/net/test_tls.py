"""TLS over a scripted network: the chain is in the trace whatever becomes of the handshake."""

from __future__ import annotations

import base64
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tests.fakes import Action, Authority, FakeNet, FarEnd, JumpingClock, Leaf, run, serve_tls
from tests.net.stepping import SHORT, steps_over
from wallwatch.net.failed import Failed
from wallwatch.net.roots import Roots
from wallwatch.net.seam import Endpoint
from wallwatch.net.steps import Steps, TlsConnection, TlsWish
from wallwatch.wire.tls_hello import parse_client_hello

SERVER = Endpoint("203.0.113.7", 443)
AUTHORITY = Authority()
LEAF = AUTHORITY.issue("web.example", "203.0.113.7")
WISH = TlsWish(server_name="web.example", alpn=("http/1.1",))


async def echo(far: FarEnd) -> None:
    """Send back what comes."""
    while data := await far.receive():
        await far.send(data)


def network(leaf: Leaf = LEAF, alpn: tuple[str, ...] = ("http/1.1",), year: int = 2017) -> FakeNet:
    """A network with one TLS server that echoes."""
    net = FakeNet(JumpingClock(datetime(year, 9, 20, tzinfo=UTC)))
    net.serve(SERVER, serve_tls(leaf, echo, alpn))
    return net


async def shake_hands(steps: Steps, wish: TlsWish = WISH) -> TlsConnection:
    """Connect and shake hands."""
    with closing(await steps.connect(SERVER)) as tcp:
        return await steps.tls_handshake(tcp, wish)


def failure_of_handshake(steps: Steps, wish: TlsWish = WISH) -> tuple[str, str]:
    """What a handshake that must fail raises."""
    with pytest.raises(Failed) as caught:
        run(shake_hands(steps, wish))
    return caught.value.failure, caught.value.operation


def test_a_good_handshake_and_an_exchange() -> None:
    net = network()
    steps = steps_over(net, AUTHORITY.roots())

    async def look() -> TlsConnection:
        with closing(await steps.connect(SERVER)) as tcp:
            tls = await steps.tls_handshake(tcp, WISH)
            assert tls.chain == LEAF.chain_der
            assert tls.tally.bytes_received == 0
            await steps.send(tls, b"hello" * 5000)
            assert await steps.receive_exactly(tls, 25000) == b"hello" * 5000
            return tls

    tls = run(look())
    assert (tls.tally.bytes_sent, tls.tally.bytes_received) == (25000, 25000)
    assert tls.tally.sent_prefix == (b"hello" * 7)[:32]
    assert tls.below.tally.sent_prefix[:1] == b"\x16"  # a TLS handshake record
    (record,) = steps.trace.test_keys()["tls_handshakes"]
    assert record["failure"] is None
    assert record["server_name"] == "web.example"
    assert record["tls_version"] == "TLSv1.3"
    assert record["negotiated_protocol"] == "http/1.1"
    assert record["cipher_suite"].startswith("TLS_")
    assert record["no_tls_verify"] is False
    assert record["address"] == "203.0.113.7:443"
    assert [base64.b64decode(c["data"]) for c in record["peer_certificates"]] == LEAF.chain_der
    operations = [event.operation for event in steps.trace.network_events]
    assert operations[:4] == ["connect", "tls_handshake_start", "write", "read"]
    assert "tls_handshake_done" in operations


def test_what_the_client_offers() -> None:
    net = network()
    run(shake_hands(steps_over(net, AUTHORITY.roots())))
    hello = parse_client_hello(bytes(net.flows[0].sent))
    assert hello.server_name == "web.example"
    assert hello.alpn == ("http/1.1",)
    assert set(hello.versions) == {0x0304, 0x0303}


@pytest.mark.parametrize("name", ["203.0.113.7", ""])
def test_an_address_is_not_sent_as_a_name(name: str) -> None:
    net = network()
    wish = TlsWish(server_name=name, verify_name="203.0.113.7")
    run(shake_hands(steps_over(net, AUTHORITY.roots()), wish))
    assert parse_client_hello(bytes(net.flows[0].sent)).server_name is None


def test_an_unknown_authority_leaves_the_chain_in_the_trace() -> None:
    steps = steps_over(network(), Roots())
    assert failure_of_handshake(steps) == ("ssl_unknown_authority", "verify")
    record = steps.trace.tls_handshakes[0]
    assert record.failure == "ssl_unknown_authority"
    assert len(record.peer_certificates) == 1
    done = [e for e in steps.trace.network_events if e.operation == "tls_handshake_done"]
    assert [e.failure for e in done] == [None]  # the handshake itself went through


def test_no_application_byte_leaves_before_the_verification() -> None:
    net = network()
    failure_of_handshake(steps_over(net, Roots()))
    unverified = len(net.flows[0].sent)
    wish = TlsWish(server_name="web.example", alpn=("http/1.1",), verify=False)
    run(shake_hands(steps_over(net, Roots()), wish))
    assert unverified == len(net.flows[1].sent)


def test_a_wrong_name() -> None:
    steps = steps_over(network(), AUTHORITY.roots())
    wish = TlsWish(server_name="other.example")
    assert failure_of_handshake(steps, wish) == ("ssl_invalid_hostname", "verify")


def test_a_name_to_verify_other_than_the_one_sent() -> None:
    steps = steps_over(network(), AUTHORITY.roots())
    run(shake_hands(steps, TlsWish(server_name="front.example", verify_name="web.example")))
    assert steps.trace.tls_handshakes[0].server_name == "front.example"


@pytest.mark.parametrize("year", [2009, 2041])
def test_the_clocks_time_decides_on_the_dates(year: int) -> None:
    steps = steps_over(network(year=year), AUTHORITY.roots())
    assert failure_of_handshake(steps) == ("ssl_invalid_certificate", "verify")


def test_without_verification_any_certificate_will_do() -> None:
    steps = steps_over(network(), Roots())
    run(shake_hands(steps, TlsWish(server_name="other.example", verify=False)))
    record = steps.trace.tls_handshakes[0]
    assert record.failure is None
    assert record.no_tls_verify


@pytest.mark.parametrize(
    ("action", "failure"), [(Action.DROP, "generic_timeout_error"), (Action.RESET, "connection_reset")]
)
def test_a_censor_of_names(action: Action, failure: str) -> None:
    net = network()
    net.censor = lambda endpoint, sent: action if b"web.example" in sent else Action.PASS
    steps = steps_over(net, AUTHORITY.roots())
    assert failure_of_handshake(steps) == (failure, "tls_handshake")
    record = steps.trace.tls_handshakes[0]
    assert (record.failure, record.peer_certificates, record.tls_version) == (failure, (), "")
    reads = [e for e in steps.trace.network_events if e.operation == "read"]
    assert [e.failure for e in reads] == [failure]


def test_the_handshakes_limit_covers_all_of_it() -> None:
    """A far end that drips bytes does not get a new limit with each of them."""
    net = FakeNet()

    async def drip(far: FarEnd) -> None:
        for byte in b"\x16\x03\x03\x40\x00" + bytes(100):
            await far.send(bytes([byte]))
            await net.clock.sleep(0.4)

    net.serve(SERVER, drip)
    steps = steps_over(net)
    assert failure_of_handshake(steps) == ("generic_timeout_error", "tls_handshake")
    record = steps.trace.tls_handshakes[0]
    assert record.t - record.t0 == pytest.approx(SHORT.handshake)


async def _hang_up(far: FarEnd) -> None:
    await far.receive()


async def _speak_http(far: FarEnd) -> None:
    await far.receive()
    await far.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("server", "failure", "tag"),
    [
        (_hang_up, "eof_error", "openssl=UNEXPECTED_EOF_WHILE_READING"),
        (_speak_http, "ssl_failed_handshake", "openssl=WRONG_VERSION_NUMBER"),
    ],
)
def test_a_far_end_that_does_no_tls(server: object, failure: str, tag: str) -> None:
    net = FakeNet()
    net.serve(SERVER, server)
    steps = steps_over(net)
    assert failure_of_handshake(steps) == (failure, "tls_handshake")
    assert steps.trace.tls_handshakes[0].failure == failure
    assert steps.trace.tls_handshakes[0].tags in ((tag,), ())


def test_an_alert_is_kept_as_a_tag() -> None:
    net = FakeNet()

    async def refuse(far: FarEnd) -> None:
        await far.receive()
        await far.send(bytes.fromhex("15030300020270"))  # fatal, unrecognized_name

    net.serve(SERVER, refuse)
    steps = steps_over(net)
    assert failure_of_handshake(steps) == ("ssl_failed_handshake", "tls_handshake")
    assert steps.trace.tls_handshakes[0].tags == ("openssl=TLSV1_UNRECOGNIZED_NAME",)


def test_bytes_injected_after_the_handshake_are_a_failure_of_their_own() -> None:
    net = FakeNet()

    async def inject(far: FarEnd) -> None:
        async def inside(tls: FarEnd) -> None:
            await far.send(b"HTTP/1.1 403 Forbidden\r\n\r\n")

        await serve_tls(LEAF, inside)(far)

    net.serve(SERVER, inject)
    steps = steps_over(net, AUTHORITY.roots())

    async def look() -> None:
        with closing(await steps.connect(SERVER)) as tcp:
            await steps.receive(await steps.tls_handshake(tcp, WISH))

    with pytest.raises(Failed) as caught:
        run(look())
    assert caught.value.operation == "read"
    assert caught.value.failure.startswith("unknown_failure: ")
    assert steps.trace.network_events[-1].failure == caught.value.failure
    assert "tls" in steps.trace.network_events[-1].tags


def test_the_end_of_the_stream_inside_tls() -> None:
    net = FakeNet()

    async def leave(far: FarEnd) -> None:
        await far.receive()

    net.serve(SERVER, serve_tls(LEAF, leave))
    steps = steps_over(net, AUTHORITY.roots())

    async def look() -> bytes:
        with closing(await steps.connect(SERVER)) as tcp:
            tls = await steps.tls_handshake(tcp, WISH)
            await tls.send(b"?")
            return await tls.receive()

    assert run(look()) == b""

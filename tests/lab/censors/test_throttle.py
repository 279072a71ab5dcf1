"""The policer on built packets, under a hand-set clock: the rate holds, innocents run free."""

from __future__ import annotations

from tests.lab.censors.making import SERVER, Client, Fixed, client_hello
from wallwatch.lab.censor import PASS
from wallwatch.lab.censors.throttle import Options, Throttle

RATE, BURST, SIZE = 140_000.0, 16_384, 1400


class Hand:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def passed(censor: Throttle, client: Client, clock: Hand, seconds: float) -> int:
    """Bytes that get through when the server sends ten times the rate for a while."""
    total = 0
    interval = SIZE * 8 / (10 * RATE)
    for _ in range(int(seconds / interval)):
        clock.now += interval
        packet = client.from_server(bytes(SIZE - 40))
        if censor.on_packet(packet, "inbound", 0.0, Fixed()).forward:
            total += len(packet.raw)
    return total


def begin(censor: Throttle, client: Client, name: str) -> None:
    for packet in (client.syn(), client.ack(), client.data(client_hello(name))):
        assert censor.on_packet(packet, "outbound", 0.0, Fixed()).forward


def test_a_listed_name_gets_the_rate_and_no_more() -> None:
    clock, client = Hand(), Client()
    censor = Throttle(Options(names=("*.twimg.com",), bits_per_second=RATE, burst_bytes=BURST), clock)
    begin(censor, client, "abs.twimg.com")
    allowance = BURST + 20.0 * RATE / 8.0
    assert 0.95 * allowance <= passed(censor, client, clock, 20.0) <= allowance


def test_other_names_and_other_connections_are_not_policed() -> None:
    clock = Hand()
    censor = Throttle(Options(names=("*.twimg.com",)), clock)
    begin(censor, Client(), "abs.twimg.com")
    other = Client(sport=40001)
    begin(censor, other, "abs.example.com")
    assert passed(censor, other, clock, 5.0) > 5.0 * RATE / 8.0 * 9


def test_an_endpoint_is_policed_from_its_syn_on() -> None:
    clock, client = Hand(), Client()
    censor = Throttle(Options(networks=(f"{SERVER}/32",), bits_per_second=RATE, burst_bytes=BURST), clock)
    censor.on_packet(client.syn(), "outbound", 0.0, Fixed())
    assert passed(censor, client, clock, 10.0) <= BURST + 10.0 * RATE / 8.0


def test_a_drop_is_a_decision_and_names_its_mechanism() -> None:
    clock, client = Hand(), Client()
    censor = Throttle(Options(names=("*",), bits_per_second=8.0, burst_bytes=SIZE), clock)
    begin(censor, client, "any.example")
    assert censor.on_packet(client.from_server(bytes(1000)), "inbound", 0.0, Fixed()) == PASS
    hit = censor.on_packet(client.from_server(bytes(1000)), "inbound", 0.0, Fixed())
    assert hit.decision is not None
    assert (hit.forward, hit.decision.mechanism) == (False, "tls.throttle.sni.police")


def test_a_leap_forgets() -> None:
    clock, client = Hand(), Client()
    censor = Throttle(Options(names=("*",), bits_per_second=8.0, burst_bytes=1), clock)
    begin(censor, client, "any.example")
    censor.leap()
    assert censor.on_packet(client.from_server(bytes(1000)), "inbound", 0.0, Fixed()) == PASS

"""The first-bytes censor on built packets: what it swallows, what it lets pass, and for how long."""

from __future__ import annotations

import pytest

from tests.lab.censors.making import Client, Fixed, client_hello
from wallwatch.lab.censor import PASS, Action
from wallwatch.lab.censors.first_bytes_drop import CENSOR, FirstBytesDrop, Options
from wallwatch.wire.packet import Packet, TcpFlags

NOISE = bytes.fromhex("5741060300002412220a20") + bytes(range(32))
ROUTED = bytes.fromhex("4544000100000408090802") + NOISE


def box(**options: object) -> FirstBytesDrop:
    return FirstBytesDrop(Options(prefixes=("5741", "4544"), **options))  # type: ignore[arg-type]


def play(censor: FirstBytesDrop, *packets: Packet, now: float = 0.0, chance: float = 0.5) -> list[Action]:
    return [censor.on_packet(packet, "outbound", now, Fixed(chance)) for packet in packets]


@pytest.mark.parametrize("first_flight", [NOISE, ROUTED], ids=["WA", "ED"])
@pytest.mark.parametrize("port", [443, 5222])
def test_listed_first_bytes_are_swallowed_after_tcp_has_connected(first_flight: bytes, port: int) -> None:
    client = Client(dport=port)
    syn, ack, data = play(box(), client.syn(), client.ack(), client.data(first_flight))
    assert (syn, ack) == (PASS, PASS)
    assert not data.forward
    assert data.inject == ()
    assert data.decision is not None
    assert data.decision.mechanism == "proto.drop.noise"


def test_a_prefix_in_two_segments_is_still_seen() -> None:
    client = Client()
    _, first, second = play(box(), client.syn(), client.data(b"W"), client.data(NOISE[1:], offset=1))
    assert first == PASS
    assert not second.forward


def test_the_prefix_counts_only_at_the_very_start() -> None:
    client = Client()
    assert play(box(), client.syn(), client.data(b"x"), client.data(NOISE, offset=1)) == [PASS] * 3


@pytest.mark.parametrize(
    "payload",
    [client_hello("web.whatsapp.com"), b"\x00" * 43, b"WB\x06\x03" + bytes(39), b"GET / HTTP/1.1\r\n"],
)
def test_other_first_bytes_pass(payload: bytes) -> None:
    client = Client()
    assert play(box(), client.syn(), client.data(payload)) == [PASS, PASS]


def test_what_the_server_sends_passes() -> None:
    client, censor = Client(), box()
    play(censor, client.syn(), client.data(NOISE))
    assert censor.on_packet(client.from_server(b"hello"), "inbound", 0.0, Fixed()) == PASS


def test_a_caught_connection_stays_caught_even_when_the_residual_block_is_over() -> None:
    censor, client = box(), Client()
    play(censor, client.syn(), client.data(NOISE), now=0.0)
    (again,) = play(censor, client.data(NOISE), now=1000.0)
    assert not again.forward


def test_new_connections_to_the_endpoint_time_out_for_180_seconds() -> None:
    censor, client = box(), Client()
    play(censor, client.syn(), client.data(NOISE), now=0.0)
    later = Client(sport=40001)
    assert [a.forward for a in play(censor, later.syn(), later.ack(), now=179.0)] == [False, False]
    assert play(censor, Client(sport=40003, dport=5222).syn(), now=179.0) == [PASS]
    much_later = Client(sport=40002)
    assert play(censor, much_later.syn(), much_later.data(bytes(43)), now=181.0) == [PASS, PASS]


def test_without_a_residual_block_the_next_connection_is_free() -> None:
    censor, client, later = box(residual_seconds=0.0), Client(), Client(sport=40001)
    play(censor, client.syn(), client.data(NOISE))
    assert play(censor, later.syn(), later.data(bytes(43))) == [PASS, PASS]


def test_each_connection_is_drawn_anew() -> None:
    censor, first, second = box(probability=0.5), Client(), Client(sport=40001)
    *_, let_through = play(censor, first.syn(), first.data(NOISE), chance=0.7)
    assert let_through.forward
    assert let_through.decision is not None
    assert not let_through.decision.acted
    assert play(censor, first.data(NOISE), chance=0.1) == [PASS], "a retransmission is no new draw"
    assert not play(censor, second.syn(), second.data(NOISE), chance=0.1)[1].forward


def test_with_sampling_by_path_one_draw_holds_for_client_and_server() -> None:
    censor = box(probability=0.5, sampling="path", residual_seconds=0.0)
    first, second, elsewhere = Client(), Client(sport=40001), Client(dst="157.240.1.61")
    assert play(censor, first.syn(), first.data(NOISE), chance=0.7)[1].forward
    censor.leap()
    assert play(censor, second.syn(), second.data(NOISE), chance=0.1)[1].forward
    assert not play(censor, elsewhere.syn(), elsewhere.data(NOISE), chance=0.1)[1].forward


def test_a_port_used_again_is_a_new_connection() -> None:
    censor, client = box(residual_seconds=0.0), Client()
    play(censor, client.syn(), client.data(NOISE))
    assert play(censor, client.syn(), client.data(bytes(43))) == [PASS, PASS]


def test_a_leap_forgets() -> None:
    censor, client = box(), Client()
    play(censor, client.syn(), client.data(NOISE))
    censor.leap()
    assert play(censor, client.data(NOISE), Client(sport=40001).syn()) == [PASS, PASS]


def test_clients_and_ports_can_be_limited() -> None:
    client = Client()
    packets = client.syn(), client.data(NOISE)
    assert play(box(clients=("36.128.0.0/10",)), *packets) == [PASS, PASS]
    assert play(box(ports=(5222,)), *packets) == [PASS, PASS]


def test_udp_and_resets_are_left_alone() -> None:
    client, censor = Client(), box()
    play(censor, client.syn())
    assert play(censor, client.segment(TcpFlags.RST), client.data(NOISE)) == [PASS, PASS]


def test_the_plugin_says_that_it_is_a_hypothesis() -> None:
    assert CENSOR.make(Options(prefixes=())).in_path
    assert "hypothesis" in CENSOR.source

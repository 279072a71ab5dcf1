"""The SNI censor on built packets: when it acts, and that what it forges would be accepted and recognised."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.lab.censors.making import CLIENT, CLIENT6, SERVER, SERVER6, Client, Fixed, client_hello
from wallwatch.lab.censor import PASS, Action, Injection
from wallwatch.lab.censors.tls_sni_reset import CENSOR, Options, SniReset
from wallwatch.wire.packet import Packet, TcpFlags, checksums_hold

BLOCKED, INNOCENT = "mmg.whatsapp.net", "mmg.example.net"


def box(**options: object) -> SniReset:
    return SniReset(Options(names=("mmg.whatsapp.net", "media*.whatsapp.net"), **options))  # type: ignore[arg-type]


def play(censor: SniReset, *packets: Packet, now: float = 0.0, chance: float = 0.5) -> list[Action]:
    return [censor.on_packet(packet, "outbound", now, Fixed(chance)) for packet in packets]


def forged(action: Action, towards: str) -> list[Packet]:
    return [Packet.from_bytes(i.packet) for i in action.inject if i.towards == towards]


def test_a_listed_name_is_reset_at_both_ends() -> None:
    client, hello = Client(), client_hello(BLOCKED)
    syn, ack, data = play(box(), client.syn(), client.ack(), client.data(hello))
    assert (syn, ack) == (PASS, PASS)
    assert data.forward, "a censor beside the path cannot swallow"
    assert data.decision is not None
    assert data.decision.acted
    assert data.decision.mechanism == "tls.reset.sni"
    assert data.decision.details["server_name"] == BLOCKED
    for side in ("client", "server"):
        kinds = Counter(packet.flags for packet in forged(data, side))
        assert kinds == {TcpFlags.RST: 1, TcpFlags.RST | TcpFlags.ACK: 4}


def test_resets_carry_the_sequence_numbers_that_linux_accepts() -> None:
    client, hello = Client(), client_hello(BLOCKED)
    *_, action = play(box(), client.syn(), client.ack(), client.data(hello))
    assert {(p.src, p.dst, p.seq) for p in forged(action, "client")} == {(SERVER, CLIENT, 9001)}
    after_hello = client.first + 1 + len(hello)
    assert {(p.src, p.dst, p.seq) for p in forged(action, "server")} == {(CLIENT, SERVER, after_hello)}
    assert all(checksums_hold(Packet.from_bytes(injection.packet)) for injection in action.inject)


def test_the_headers_are_those_of_the_three_injectors() -> None:
    client = Client()
    *_, action = play(box(), client.syn(), client.data(client_hello(BLOCKED)), chance=0.999)
    bare, *rest = forged(action, "client")
    assert (bare.ip_id, bare.df, bare.ack) == (0, False, 0)
    assert 55 <= bare.ttl <= 120
    three, last = rest[:3], rest[3]
    assert len({packet.raw for packet in three}) == 1, "type II sends identical copies"
    assert three[0].df
    assert 0x00A3 <= three[0].ip_id <= 0xFE5F
    assert not last.df
    assert 0x9916 <= last.ip_id <= 0x9933


def test_ipv6_is_reset_too() -> None:
    client = Client(src=CLIENT6, dst=SERVER6)
    *_, action = play(box(), client.syn(), client.data(client_hello(BLOCKED)))
    assert {(p.src, p.seq) for p in forged(action, "client")} == {(SERVER6, 9001)}
    assert all(checksums_hold(Packet.from_bytes(injection.packet)) for injection in action.inject)


@pytest.mark.parametrize("name", [INNOCENT, "whatsapp.net", "mmg.whatsapp.net.example"])
def test_other_names_pass(name: str) -> None:
    client = Client()
    assert play(box(), client.syn(), client.ack(), client.data(client_hello(name))) == [PASS] * 3


def test_names_match_whatever_their_case_and_by_wildcard() -> None:
    client = Client()
    *_, action = play(box(), client.syn(), client.data(client_hello("Media-NRT1.WhatsApp.net")))
    assert action.inject


def test_the_hello_is_put_together_from_segments_in_any_order() -> None:
    client, hello = Client(), client_hello(BLOCKED)
    parts = [(0, hello[:3]), (3, hello[3:90]), (90, hello[90:])]
    segments = [client.data(part, offset) for offset, part in parts]
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 0, 2)):
        actions = play(box(), client.syn(), *(segments[index] for index in order))
        assert [bool(action.inject) for action in actions[1:]] == [False] * (len(order) - 1) + [True]
        assert forged(actions[-1], "server")[0].seq == client.first + 1 + len(hello)


def test_a_hello_over_two_tls_records_goes_unseen() -> None:
    client, hello = Client(), client_hello(BLOCKED)
    body = hello[5:]
    two = b"".join(hello[:3] + len(part).to_bytes(2, "big") + part for part in (body[:40], body[40:]))
    assert play(box(), client.syn(), client.data(two)) == [PASS, PASS]


def test_without_the_syn_nothing_is_known_of_a_stream() -> None:
    client = Client()
    assert play(box(), client.data(client_hello(BLOCKED))) == [PASS]


def test_what_comes_from_outside_is_not_looked_at() -> None:
    client = Client()
    for packet in (client.syn(), client.data(client_hello(BLOCKED))):
        assert box().on_packet(packet, "inbound", 0.0, Fixed()) == PASS


def test_the_endpoint_is_reset_for_180_seconds_whatever_the_name() -> None:
    censor, first, later = box(), Client(), Client(sport=40001)
    play(censor, first.syn(), first.data(client_hello(BLOCKED)), now=100.0)
    syn, ack = play(censor, later.syn(), later.ack(), now=279.0)
    assert syn == PASS, "the SYN passes, so that the block does not look like a closed port"
    assert ack.decision is not None
    assert ack.decision.reason == "residual"
    assert {p.seq for p in forged(ack, "server")} == {later.first + 1}
    after = Client(sport=40002)
    assert play(censor, after.syn(), after.data(client_hello(INNOCENT)), now=281.0) == [PASS, PASS]


@pytest.mark.parametrize(
    "other",
    [Client(sport=40001, dport=8443), Client(sport=40001, dst="157.240.1.61"), Client(src="101.95.0.11")],
    ids=["other port", "other server", "other client"],
)
def test_residual_blocks_stay_on_their_three_tuple(other: Client) -> None:
    censor, first = box(), Client()
    play(censor, first.syn(), first.data(client_hello(BLOCKED)))
    assert play(censor, other.syn(), other.ack(), other.data(client_hello(INNOCENT))) == [PASS] * 3


def test_a_leap_forgets_residual_blocks_and_streams() -> None:
    censor, first, later = box(), Client(), Client(sport=40001)
    play(censor, first.syn(), first.data(client_hello(BLOCKED)), later.syn())
    censor.leap()
    assert play(censor, later.ack(), later.data(client_hello(BLOCKED))) == [PASS, PASS]


def test_clients_and_ports_can_be_limited() -> None:
    client = Client()
    packets = client.syn(), client.data(client_hello(BLOCKED))
    assert play(box(clients=("36.128.0.0/10",)), *packets) == [PASS, PASS]
    assert play(box(ports=(8443,)), *packets) == [PASS, PASS]
    assert play(box(clients=("101.95.0.0/16", "240e::/20"), ports=(443,)), *packets)[1].inject


def test_letting_one_through_by_chance_is_told_to_the_truth_log() -> None:
    client = Client()
    *_, action = play(box(probability=0.5), client.syn(), client.data(client_hello(BLOCKED)), chance=0.6)
    assert action.inject == ()
    assert action.decision is not None
    assert not action.decision.acted


def test_it_reacts_before_an_answer_from_beyond_it_could_come() -> None:
    client = Client()
    *_, action = play(box(), client.syn(), client.data(client_hello(BLOCKED)), chance=0.999)
    assert all(isinstance(i, Injection) and 0.0 < i.delay < 0.005 for i in action.inject)


def test_what_is_not_tls_passes() -> None:
    client = Client()
    assert (
        play(box(), client.syn(), client.data(b"GET / HTTP/1.1\r\nHost: mmg.whatsapp.net\r\n\r\n"))[1] == PASS
    )


def test_the_plugin_says_what_it_is() -> None:
    assert not CENSOR.make(Options(names=())).in_path
    assert CENSOR.mechanisms == ("tls.reset.sni",)

"""The DNS injectors on built packets: what they answer, with whose signature, and what they leave alone."""

from __future__ import annotations

import pytest

from tests.lab.censors.making import CLIENT, CLIENT6, SERVER, SERVER6, Client, Fixed
from wallwatch.lab.censor import PASS
from wallwatch.lab.censors.dns_forge import CENSOR, DnsForge, Options
from wallwatch.wire.dns import build_query, parse_reply
from wallwatch.wire.packet import IpHeader, Packet, build_udp, checksums_hold

POOL = ("31.13.94.37", "2001::1f0d:5e25")


def query(name: str, kind: str = "A", src: str = CLIENT, dst: str = SERVER, ttl: int = 61) -> Packet:
    message = build_query(name, kind, 4711)
    return Packet.from_bytes(build_udp(IpHeader(src=src, dst=dst, ttl=ttl), 40000, 53, message))


def box(**options: object) -> DnsForge:
    return DnsForge(Options(names=("*.whatsapp.net",), addresses=POOL, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "lie", "src", "dst"),
    [("A", POOL[0], CLIENT, SERVER), ("AAAA", POOL[1], CLIENT, SERVER), ("A", POOL[0], CLIENT6, SERVER6)],
)
def test_a_listed_name_draws_three_answers_and_the_query_goes_on(
    kind: str, lie: str, src: str, dst: str
) -> None:
    action = box().on_packet(query("v.whatsapp.net", kind, src, dst), "outbound", 0.0, Fixed())
    assert action.forward
    assert action.decision is not None
    packets = [Packet.from_bytes(injection.packet) for injection in action.inject]
    assert [(p.src, p.dst, p.sport, p.dport) for p in packets] == [(dst, src, 53, 40000)] * 3
    assert all(checksums_hold(packet) for packet in packets)
    replies = [parse_reply(packet.payload) for packet in packets]
    assert {(reply.id, reply.addresses) for reply in replies} == {(4711, (lie,))}


def test_each_injector_has_its_signature() -> None:
    action = box().on_packet(query("v.whatsapp.net", ttl=33), "outbound", 0.0, Fixed(0.5))
    packets = [Packet.from_bytes(injection.packet) for injection in action.inject]
    one, two, three = (parse_reply(packet.payload) for packet in packets)
    assert (one.authoritative, two.authoritative, three.authoritative) == (True, False, False)
    assert one.answers[0].ttl == 60
    assert [packet.df for packet in packets] == [False, True, False]
    assert (packets[2].ip_id, packets[2].ttl) == (0, 33), "the third mirrors the query's TTL"


@pytest.mark.parametrize(
    "packet",
    [
        query("whatsapp.example"),
        query("v.whatsapp.net", "MX"),
        Client(dport=53).syn(),
        Packet.from_bytes(build_udp(IpHeader(src=CLIENT, dst=SERVER), 40000, 53, b"\x00")),
        Packet.from_bytes(build_udp(IpHeader(src=CLIENT, dst=SERVER), 40000, 5353, b"\x00" * 30)),
    ],
    ids=["other name", "other kind", "tcp", "malformed", "other port"],
)
def test_the_rest_passes(packet: Packet) -> None:
    assert box().on_packet(packet, "outbound", 0.0, Fixed()) == PASS


def test_queries_from_outside_are_answered_only_where_told() -> None:
    incoming = query("v.whatsapp.net", src=SERVER, dst=CLIENT)
    assert box().on_packet(incoming, "inbound", 0.0, Fixed()) == PASS
    action = box(both_directions=True).on_packet(incoming, "inbound", 0.0, Fixed())
    assert {injection.towards for injection in action.inject} == {"server"}


@pytest.mark.parametrize(
    ("kind", "lie", "mechanism"),
    [
        ("A", "10.10.34.34", "dns.injection.bogon"),
        ("A", "31.13.94.37", "dns.injection.other"),
        ("AAAA", "2001::1f0d:5e25", "dns.injection.bogon"),
    ],
)
def test_the_kind_of_lie_makes_the_mechanism(kind: str, lie: str, mechanism: str) -> None:
    censor = CENSOR.make(Options(names=("*",), addresses=(lie,), injectors=(2,)))
    action = censor.on_packet(query("any.example", kind), "outbound", 0.0, Fixed())
    assert action.decision is not None
    assert (len(action.inject), action.decision.mechanism) == (1, mechanism)

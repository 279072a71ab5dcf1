"""DNS messages: questions, honest and forged answers, and what is none."""

from __future__ import annotations

from pathlib import Path

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.captures import packets
from wallwatch.wire.dns import Question, build_answer, build_query, parse_question, parse_reply

LABELS = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-_", min_size=1, max_size=20)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


@given(NAMES, st.sampled_from(["A", "AAAA", "HTTPS", "TXT"]), st.integers(0, 65535))
def test_a_question_comes_back_with_its_letter_case(name: str, kind: str, number: int) -> None:
    assert parse_question(build_query(name, kind, number)) == Question(number, name, kind)


def test_an_answer_with_both_families() -> None:
    reply = parse_reply(
        build_answer(build_query("g.whatsapp.net", "A", 7), ["31.13.94.37", "2001:db8::1"], 99)
    )
    assert reply.addresses == ("31.13.94.37", "2001:db8::1")
    assert reply.question == Question(7, "g.whatsapp.net", "A")
    assert (reply.id, reply.rcode, reply.answers[0].ttl, reply.truncated) == (7, "NOERROR", 99, False)


def test_an_answer_without_addresses() -> None:
    reply = parse_reply(build_answer(build_query("no.such.example", "AAAA", 1), [], rcode="NXDOMAIN"))
    assert (reply.rcode, reply.addresses) == ("NXDOMAIN", ())


def test_an_alias_is_a_record_but_no_address() -> None:
    query = dns.message.make_query("www.example.com", "A", id=3)
    message = dns.message.make_response(query)
    message.answer += dns.message.from_text(
        "id 3\nopcode QUERY\n;ANSWER\nwww.example.com. 5 IN CNAME example.com.\nexample.com. 5 IN A 192.0.2.1"
    ).answer
    reply = parse_reply(message.to_wire())
    assert reply.addresses == ("192.0.2.1",)
    assert (reply.answers[0].kind, reply.answers[0].text) == ("CNAME", "example.com.")


@pytest.mark.parametrize("message", [b"", bytes(12), b"WA\x06\x03", build_query("a.example", "A", 1)[:-1]])
def test_what_is_no_query(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_question(message)


def test_a_reply_is_no_query_and_the_other_way_round() -> None:
    query = build_query("a.example", "A", 1)
    with pytest.raises(ValueError, match="not a query"):
        parse_question(build_answer(query, []))
    with pytest.raises(ValueError, match="not a reply"):
        parse_reply(query)
    with pytest.raises(ValueError, match="not a query"):
        build_answer(build_answer(query, []), [])


@pytest.mark.parametrize(("name", "kind"), [("a" * 64, "A"), ("a..b", "A"), ("a", "NOTAKIND")])
def test_what_nobody_can_ask(name: str, kind: str) -> None:
    with pytest.raises(ValueError, match="no query"):
        build_query(name, kind, 1)


@pytest.mark.real_data
def test_real_messages(shared: Path) -> None:
    asked, answered = set(), {}
    for packet in packets(shared / "data/pcap/viber.pcap"):
        if packet.is_udp and packet.dport == 53:
            asked.add(parse_question(packet.payload).name)
        elif packet.is_udp and packet.sport == 53:
            reply = parse_reply(packet.payload)
            answered[reply.question.name if reply.question else ""] = reply.addresses
    assert "media.cdn.viber.com" in asked
    assert answered.keys() <= asked
    assert all(answered.values())

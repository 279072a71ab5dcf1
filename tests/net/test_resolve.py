"""Resolution over a scripted network: answers, late answers, lies that do not fit, failures, second tries."""

from __future__ import annotations

import asyncio
import base64
import errno
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import FakeNet, Peer, run
from tests.net.stepping import SHORT, steps_over
from wallwatch.net.dns_record import public_name
from wallwatch.net.failed import Failed
from wallwatch.net.seam import Endpoint, IcmpError, IcmpFailure
from wallwatch.wire.dns import build_answer, build_query, parse_question, parse_reply

RESOLVER = "192.0.2.53"
SECOND_RESOLVER = "192.0.2.54"

Answering = Callable[[Peer, bytes], Awaitable[None]]


def network(answering: Answering, resolvers: tuple[str, ...] = (RESOLVER,)) -> FakeNet:
    """A network whose resolvers do `answering` for each query."""
    net = FakeNet()

    async def serve(peer: Peer) -> None:
        while True:
            await answering(peer, await peer.receive())

    for resolver in resolvers:
        net.resolver_addresses.append(resolver)
        net.serve_udp(Endpoint(resolver, 53), serve)
    return net


def kind_of(query: bytes) -> str:
    """A, AAAA"""
    return parse_question(query).kind


def only_a(answer: Callable[[bytes], bytes]) -> Answering:
    """Answer A queries so, AAAA queries with nothing."""

    async def answering(peer: Peer, query: bytes) -> None:
        peer.send(answer(query) if kind_of(query) == "A" else build_answer(query, []))

    return answering


def test_both_families() -> None:
    net = FakeNet()
    net.resolves({"web.example": ["2001:db8::7", "203.0.113.7", "203.0.113.8"]})
    steps = steps_over(net)
    assert run(steps.resolve("web.example")) == ["203.0.113.7", "203.0.113.8", "2001:db8::7"]
    queries = steps.trace.test_keys()["queries"]
    assert sorted(q["query_type"] for q in queries) == ["A", "AAAA"]
    by_kind = {q["query_type"]: q for q in queries}
    a = by_kind["A"]
    assert (a["engine"], a["hostname"], a["failure"], a["rcode"]) == ("udp", "web.example", None, 0)
    assert a["resolver_address"] == "192.0.2.53:53"
    assert a["answers"][0] == {"answer_type": "A", "ipv4": "203.0.113.7", "ttl": 60}
    assert by_kind["AAAA"]["answers"] == [{"answer_type": "AAAA", "ipv6": "2001:db8::7", "ttl": 60}]
    assert parse_reply(base64.b64decode(a["raw_response"])).addresses == ("203.0.113.7", "203.0.113.8")
    assert a["t"] - a["t0"] == pytest.approx(0.06)
    assert by_kind["A"]["transaction_id"] != by_kind["AAAA"]["transaction_id"]


@pytest.mark.parametrize("literal", ["203.0.113.7", "2001:db8::7"])
def test_a_literal_needs_no_query(literal: str) -> None:
    steps = steps_over(FakeNet())
    assert run(steps.resolve(literal)) == [literal]
    assert steps.trace.queries == []


def test_one_family_is_enough() -> None:
    net = FakeNet()
    net.resolves({"web.example": ["203.0.113.7"]})
    steps = steps_over(net)
    assert run(steps.resolve("web.example")) == ["203.0.113.7"]
    assert {q.query_type: q.failure for q in steps.trace.queries} == {"A": None, "AAAA": "dns_no_answer"}


def failure_of_resolving(net: FakeNet) -> tuple[str, list[str | None]]:
    """The failure raised, and those recorded for the A queries."""
    steps = steps_over(net)
    with pytest.raises(Failed) as caught:
        run(steps.resolve("web.example"))
    assert caught.value.operation == "resolve"
    return caught.value.failure, [q.failure for q in steps.trace.queries if q.query_type == "A"]


@pytest.mark.parametrize(
    ("rcode", "failure", "tries"),
    [
        ("NXDOMAIN", "dns_nxdomain_error", 1),
        ("NOERROR", "dns_no_answer", 1),
        ("REFUSED", "dns_refused_error", 2),
        ("SERVFAIL", "dns_server_misbehaving", 2),
        ("NOTIMP", "dns_server_misbehaving", 2),
    ],
)
def test_what_a_resolver_may_say(rcode: str, failure: str, tries: int) -> None:
    async def answering(peer: Peer, query: bytes) -> None:
        peer.send(build_answer(query, [], rcode=rcode))

    assert failure_of_resolving(network(answering)) == (failure, [failure] * tries)


def test_silence_is_two_timeouts() -> None:
    async def silence(peer: Peer, query: bytes) -> None:
        return

    net = network(silence)
    steps = steps_over(net)
    with pytest.raises(Failed, match="generic_timeout_error"):
        run(steps.resolve("web.example"))
    assert [q.failure for q in steps.trace.queries] == ["generic_timeout_error"] * 4
    assert max(q.t for q in steps.trace.queries) == pytest.approx(2 * SHORT.resolve)


def test_the_second_try_asks_the_second_resolver() -> None:
    net = FakeNet()
    net.resolver_addresses = [RESOLVER]  # silent
    net.resolves({"web.example": ["203.0.113.7"]}, resolver=SECOND_RESOLVER)
    steps = steps_over(net)
    assert run(steps.resolve("web.example")) == ["203.0.113.7"]
    tried = [(q.resolver_address, q.failure) for q in steps.trace.queries if q.query_type == "A"]
    assert tried == [("192.0.2.53:53", "generic_timeout_error"), ("192.0.2.54:53", None)]


def forged_then_true(peer: Peer, query: bytes) -> None:
    """What a client behind an injector hears."""
    peer.send(build_answer(query, ["198.51.100.66"]))
    asyncio.get_running_loop().call_later(0.2, peer.send, build_answer(query, ["203.0.113.7"]))


@pytest.mark.parametrize(("linger", "late"), [(0.0, []), (0.1, []), (0.5, ["203.0.113.7"])])
def test_a_second_answer_is_heard_while_lingering(linger: float, late: list[str]) -> None:
    async def answering(peer: Peer, query: bytes) -> None:
        if kind_of(query) == "A":
            forged_then_true(peer, query)
        else:
            peer.send(build_answer(query, []))

    steps = steps_over(network(answering))
    assert run(steps.resolve("web.example", linger=linger)) == ["198.51.100.66"]
    heard = steps.trace.test_keys()["x_dns_duplicate_responses"]
    assert [answer["ipv4"] for query in heard for answer in query["answers"]] == late
    first = next(q for q in steps.trace.queries if q.query_type == "A")
    assert [q["transaction_id"] for q in heard] == [first.transaction_id] * len(late)
    assert all(q["t"] - first.t == pytest.approx(0.2) for q in heard)


def test_an_answer_for_another_query_does_not_count() -> None:
    def wrong_id(query: bytes) -> bytes:
        forged = build_answer(query, ["198.51.100.66"])
        return bytes([forged[0] ^ 0xFF]) + forged[1:]

    async def answering(peer: Peer, query: bytes) -> None:
        peer.send(wrong_id(query))
        peer.send(
            build_answer(build_query("other.example", "A", int.from_bytes(query[:2])), ["198.51.100.67"])
        )
        peer.send(b"\x00garbage")
        if kind_of(query) == "A":
            peer.send(build_answer(query, ["203.0.113.7"]))

    assert run(steps_over(network(answering)).resolve("web.example")) == ["203.0.113.7"]
    only_wrong, recorded = failure_of_resolving(network(only_a(wrong_id)))
    assert only_wrong == "dns_reply_with_wrong_query_id"
    assert recorded == ["dns_reply_with_wrong_query_id"] * 2


def test_only_garbage() -> None:
    assert failure_of_resolving(network(only_a(lambda query: b"?")))[0] == "dns_server_misbehaving"


def test_the_letter_case_of_the_answers_question_does_not_matter() -> None:
    def shouting(query: bytes) -> bytes:
        return build_answer(query.replace(b"\x03web", b"\x03WEB"), ["203.0.113.7"])

    assert run(steps_over(network(only_a(shouting))).resolve("web.example")) == ["203.0.113.7"]


def test_an_a_query_answered_with_another_kind() -> None:
    failure, _ = failure_of_resolving(network(only_a(lambda query: build_answer(query, ["2001:db8::7"]))))
    assert failure == "dns_no_answer"


def test_a_refusing_port_fails_at_once_and_is_tried_again() -> None:
    refused = IcmpError(kind=3, code=3, offender=RESOLVER, errno=errno.ECONNREFUSED)

    async def answering(peer: Peer, query: bytes) -> None:
        peer.fail(IcmpFailure(OSError(errno.ECONNREFUSED, "Connection refused"), (refused,)))

    net = network(answering)
    steps = steps_over(net)
    with pytest.raises(Failed, match="connection_refused"):
        run(steps.resolve("web.example"))
    assert len(steps.trace.queries) == 4
    assert max(q.t for q in steps.trace.queries) < 0.2
    icmp = steps.trace.test_keys()["x_icmp_errors"]
    assert {(i["type"], i["code"], i["offender"]) for i in icmp} == {(3, 3, RESOLVER)}


def test_a_router_that_complains_does_not_end_the_wait() -> None:
    async def answering(peer: Peer, query: bytes) -> None:
        peer.fail(OSError(errno.EHOSTUNREACH, "No route to host"))
        peer.send(build_answer(query, ["203.0.113.7"] if kind_of(query) == "A" else []))

    steps = steps_over(network(answering))
    assert run(steps.resolve("web.example")) == ["203.0.113.7"]
    assert "host_unreachable" in [e.failure for e in steps.trace.network_events]


def test_a_router_that_complains_and_then_nothing() -> None:
    async def answering(peer: Peer, query: bytes) -> None:
        peer.fail(OSError(errno.EHOSTUNREACH, "No route to host"))

    assert failure_of_resolving(network(answering)) == ("host_unreachable", ["host_unreachable"] * 2)


def test_complaints_without_end_do_not_hang() -> None:
    async def answering(peer: Peer, query: bytes) -> None:
        for _ in range(1000):
            peer.fail(OSError(errno.EHOSTUNREACH, "No route to host"))

    assert failure_of_resolving(network(answering))[0] == "host_unreachable"


def test_without_resolvers_the_system_is_asked() -> None:
    net = FakeNet()
    net.resolves({"web.example": ["2001:db8::7", "203.0.113.7"]})
    net.resolver_addresses = []
    steps = steps_over(net)
    assert run(steps.resolve("web.example")) == ["203.0.113.7", "2001:db8::7"]
    (query,) = steps.trace.test_keys()["queries"]
    assert (query["engine"], query["query_type"], query["resolver_address"]) == ("getaddrinfo", "ANY", "")
    assert query["answers"][0] == {"answer_type": "AAAA", "ipv6": "2001:db8::7", "ttl": None}
    with pytest.raises(Failed, match="dns_nxdomain_error"):
        run(steps_over(net).resolve("absent.example"))


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_what_is_no_name_is_the_callers_mistake(host: str) -> None:
    steps = steps_over(network(only_a(lambda query: query)))
    with pytest.raises(ValueError, match="no query can ask"):
        run(steps.resolve(host))
    assert steps.trace.queries == []


@pytest.mark.parametrize(
    ("resolver", "local", "name"),
    [
        ("192.168.1.1", "192.168.1.20", "192.168.1.1:53"),
        ("9.9.9.9", "192.168.1.20", "9.9.9.9:53"),
        ("2620:fe::fe", "2a02:1234:5678::20", "[2620:fe::fe]:53"),
        ("2a02:1234:5678::1", "2a02:1234:5678:9::20", "[scrubbed]"),
        ("fe80::1", "fe80::2", "[fe80::1]:53"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:53"),
        ("85.10.20.30", "85.10.20.30", "[scrubbed]"),
    ],
)
def test_a_resolver_in_the_probes_home_is_not_named(resolver: str, local: str, name: str) -> None:
    assert public_name(Endpoint(resolver, 53), Endpoint(local, 5000)) == name


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_any_datagrams_give_addresses_or_a_failure(datagrams: list[bytes], with_id: bool) -> None:
    async def answering(peer: Peer, query: bytes) -> None:
        for data in datagrams:
            peer.send(query[:2] + data if with_id else data)

    steps = steps_over(network(answering))
    with suppress(Failed):
        run(steps.resolve("web.example", linger=0.1))
    assert steps.trace.test_keys()["queries"]

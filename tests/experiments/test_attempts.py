"""Each function climbs to its top in a clean world, and stops at the right rung in each broken one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.experiments.world import (
    CHAT,
    MEDIA,
    OTHER_ROOT,
    ROOT_PRIVATE,
    SIGN_UP,
    WEB,
    World,
    chat,
    gfw,
    noise_reply,
    public,
    says,
    silence,
)
from tests.fakes import run
from wallwatch.model.handshake import Handshake, Rung
from wallwatch.net.seam import Capabilities, Endpoint
from wallwatch.vantage.looking import Look
from wallwatch.wire.whatsapp import frame
from wallwatch.wire.whatsapp_certificate import key_id


def look_at(world: World, function: str, service: str = "whatsapp") -> tuple[list[Handshake], Look]:
    """One attempt at each endpoint of a function."""

    async def go() -> tuple[list[Handshake], Look]:
        look = Look(world.kit(), service, asyncio.Semaphore(8))
        return await look.first(function), look

    return run(go())


@pytest.mark.parametrize(
    ("function", "rung", "method"),
    [
        ("registration", Rung.AUTHENTICATED, "webpki"),
        ("text", Rung.AUTHENTICATED, "noise_cert_chain"),
        ("media", Rung.SUSTAINED, "webpki"),
        ("web", Rung.SUSTAINED, "noise_cert_chain"),
    ],
)
def test_a_clean_world_proves_the_server(function: str, rung: Rung, method: str) -> None:
    attempts, _ = look_at(World(), function)
    for attempt in attempts:
        assert (attempt.failure, attempt.rung) == (None, rung)
        assert attempt.auth is not None
        assert (attempt.auth.method, attempt.auth.ok) == (method, True)
        assert attempt.source_port is not None
        assert attempt.t_first_reply is not None
        assert attempt.t0 < attempt.t_first_reply <= attempt.t
        assert attempt.reply_len > 0


def test_the_text_attempt_records_the_first_flight_and_the_root() -> None:
    attempts, look = look_at(World(), "text")
    assert [attempt.endpoint for attempt in attempts] == [f"{CHAT}:5222", f"{CHAT}:443"]
    for attempt in attempts:
        assert (attempt.sent_len, attempt.sent_prefix_hex[:8]) == (43, "57410603")
        assert attempt.auth is not None
        assert attempt.auth.key_id == key_id(public(ROOT_PRIVATE))
        assert attempt.wire_class == "W2"
    assert len({attempt.source_port for attempt in attempts}) == 2
    assert len(look.steps.trace.queries) <= 2  # one name, asked for once


def test_a_clienthello_is_the_first_flight_of_tls() -> None:
    (attempt,), _ = look_at(World(), "media")
    assert attempt.sent_prefix_hex.startswith("1603")
    assert attempt.sent_len > 200
    assert attempt.bytes_moved > 65536


def test_any_status_proves_the_server_but_an_error_page_is_no_download() -> None:
    world = World()
    world.site(MEDIA, "mmg.whatsapp.net", b"\x00" * 65536, status=403)
    (attempt,), _ = look_at(world, "media")
    assert (attempt.failure, attempt.rung) == (None, Rung.AUTHENTICATED)


def test_bodies_are_not_kept() -> None:
    _, look = look_at(World(), "media")
    (exchange,) = look.steps.trace.requests
    assert exchange.response is not None
    assert exchange.response.body == ""


@pytest.mark.parametrize(
    ("talk", "rung", "operation", "failure"),
    [
        (silence, Rung.CONNECTED, "read", "generic_timeout_error"),
        (says(b""), Rung.CONNECTED, "read", "eof_error"),
        (says(b"HTTP/1.1 403 Forbidden\r\n\r\n"), Rung.ANSWERED, "parse", "unknown_failure"),
        (says(b"\x00\x00\x02hi"), Rung.ANSWERED, "parse", "unknown_failure"),
        (says(b"\x00\x10\x00" + b"\x00" * 10), Rung.ANSWERED, "read", "eof_error"),
        (chat(root=OTHER_ROOT), Rung.PARSED, "verify", "unknown_failure"),
        (
            says(noise_reply(b"WA\x06\x03" + frame(b"\x12\x22\x0a\x20" + b"\x44" * 32))),
            Rung.PARSED,
            "verify",
            "unknown_failure",
        ),
        (chat(until=datetime(2015, 1, 1, tzinfo=UTC)), Rung.PARSED, "verify", "unknown_failure"),
    ],
    ids=[
        "silent",
        "closes",
        "block page",
        "another protocol",
        "cut short",
        "wrong root",
        "a reply to somebody else",
        "expired",
    ],
)
def test_text_stops_where_it_breaks(talk, rung: Rung, operation: str, failure: str) -> None:  # type: ignore[no-untyped-def]
    world = World()
    world.net.serve(Endpoint(CHAT, 5222), talk)
    attempt, other = look_at(world, "text")[0]
    assert (attempt.rung, attempt.failed_operation) == (rung, operation)
    assert attempt.failure is not None
    assert attempt.failure.startswith(failure)
    assert (attempt.auth is not None and not attempt.auth.ok) == (operation == "verify")
    assert other.failure is None


def test_a_dropped_hello_and_a_reset_name() -> None:
    world = World()
    world.net.censor = gfw(noise=True, sni="mmg.whatsapp.net")
    (first, _), _ = look_at(world, "text")
    assert (first.failure, first.failed_operation, first.rung) == ("generic_timeout_error", "read", 1)
    (media,), _ = look_at(world, "media")
    assert (media.failure, media.failed_operation, media.rung) == ("connection_reset", "tls_handshake", 1)
    (web,), _ = look_at(world, "web")
    assert web.failure is None


def test_a_failed_attempt_ends_with_a_reset_so_that_the_kernel_repeats_nothing() -> None:
    world = World()
    world.net.censor = gfw(noise=True)
    look_at(world, "text")
    assert {flow.outcome for flow in world.net.flows} == {"aborted"}


def test_no_name_no_route_no_connection() -> None:
    world = World()
    world.net.refuse(Endpoint(SIGN_UP, 443))
    (refused,), _ = look_at(world, "registration")
    assert (refused.failure, refused.rung, refused.endpoint) == (
        "connection_refused",
        Rung.RESOLVED,
        f"{SIGN_UP}:443",
    )
    world.net._names.pop("v.whatsapp.net")
    (nameless,), _ = look_at(world, "registration")
    assert (nameless.failure, nameless.failed_operation, nameless.rung, nameless.endpoint) == (
        "dns_nxdomain_error",
        "resolve",
        Rung.NOTHING,
        "",
    )


def test_a_certificate_of_somebody_else_is_recorded_and_refused() -> None:
    world, stranger = World(), World()
    world.net.serve(Endpoint(WEB, 443), stranger.net._servers[Endpoint(WEB, 443)])
    (attempt,), _ = look_at(world, "web")
    assert (attempt.failure, attempt.failed_operation) == ("ssl_unknown_authority", "verify")
    assert attempt.rung == Rung.PARSED
    assert attempt.auth is not None
    assert not attempt.auth.ok
    assert attempt.auth.key_id is not None
    assert len(attempt.auth.key_id) == 64


def test_a_drip_that_never_ends_is_a_timeout() -> None:
    async def drip(far) -> None:  # type: ignore[no-untyped-def]
        while True:
            await far.send(b"\x00")
            await asyncio.sleep(0.5)

    world = World()
    world.net.serve(Endpoint(CHAT, 5222), drip)
    attempt, _ = look_at(world, "text")[0]
    assert attempt.failure is not None
    assert attempt.t - attempt.t0 < 30


def test_without_ipv6_no_ipv6_address_is_tried() -> None:
    world = World()
    world.net.resolves({"g.whatsapp.net": ["2a03:2880:f21c::50"]})
    world.net._names["g.whatsapp.net"] = [CHAT, "2a03:2880:f21c::50"]
    world.net.capable = Capabilities(ipv4=True, ipv6=False, icmp_errors=True, tcp_info=True)

    async def go() -> list[Handshake]:
        look = Look(world.kit(), "whatsapp", asyncio.Semaphore(8))
        target = look.targets("text")[0]
        return [await look.attempt(target, turn) for turn in range(3)]

    assert [attempt.endpoint for attempt in run(go())] == [f"{CHAT}:5222"] * 3


def test_turns_walk_over_the_addresses() -> None:
    world = World()
    world.net._names["g.whatsapp.net"] = [CHAT, "2a03:2880:f21c::50"]
    world.net.serve(Endpoint("2a03:2880:f21c::50", 5222), chat())

    async def go() -> list[Handshake]:
        look = Look(world.kit(), "whatsapp", asyncio.Semaphore(8))
        target = look.targets("text")[0]
        return [await look.attempt(target, turn) for turn in range(3)]

    assert [attempt.endpoint for attempt in run(go())] == [
        f"{CHAT}:5222",
        "[2a03:2880:f21c::50]:5222",
        f"{CHAT}:5222",
    ]


@pytest.mark.parametrize(("year", "unverified"), [(2017, False), (2035, True)])
def test_an_expired_catalogue_entry_marks_its_attempts(year: int, unverified: bool) -> None:
    attempts, _ = look_at(World(datetime(year, 9, 20, tzinfo=UTC)), "web", "weibo")
    assert [attempt.unverified for attempt in attempts] == [unverified]

"""The arms of a trial: what passes and what fails, at twins and at the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.experiments.world import CHAT, MEDIA, TWINS, World, chat, gfw, says, silence
from tests.fakes import Action, run
from tests.fakes.far_end import FarEnd
from wallwatch.experiments import Part
from wallwatch.model.handshake import Address, Arm, Handshake, Payload, Rung, Trial
from wallwatch.net.seam import Capabilities, Endpoint
from wallwatch.vantage.looking import Look
from wallwatch.wire.neutral import is_neutral
from wallwatch.wire.tls_hello import parse_client_hello

TWIN = Endpoint(TWINS[0], 5222)
SERVICE = Endpoint(CHAT, 5222)


def arm_of(world: World, function: str, payload: Payload, address: Address, endpoint: Endpoint) -> Handshake:
    async def go() -> Handshake:
        look = Look(world.kit(), "whatsapp", asyncio.Semaphore(8))
        trial = Trial(id="t", arm=Arm(payload=payload, address=address), attempt=0)
        return await look.arm(look.targets(function)[0], Part(trial=trial, endpoint=endpoint))

    return run(go())


@pytest.mark.parametrize("payload", list(Payload))
def test_a_twin_echoes_what_it_got(payload: Payload) -> None:
    world = World()
    attempt = arm_of(world, "text", payload, Address.NEUTRAL, TWIN)
    assert (attempt.failure, attempt.rung) == (None, Rung.AUTHENTICATED)
    assert attempt.auth is not None
    assert attempt.auth.method == "echo_digest"
    assert attempt.trial is not None
    assert attempt.trial.arm.payload is payload
    sent = bytes(world.net.flows[-1].sent)
    assert len(sent) == 43
    assert sent.startswith(b"WA") == (payload is Payload.TRIGGER)
    assert is_neutral(sent) or payload is Payload.TRIGGER


@pytest.mark.parametrize("function", ["media", "web", "registration"])
def test_a_twin_completes_tls_for_any_name_and_the_hellos_have_one_length(function: str) -> None:
    world = World()
    names, lengths = [], []
    for payload in Payload:
        attempt = arm_of(world, function, payload, Address.NEUTRAL, Endpoint(TWINS[0], 443))
        assert (attempt.failure, attempt.rung) == (None, Rung.PARSED)
        assert attempt.auth is None  # self-signed: nobody was authenticated
        names.append(parse_client_hello(bytes(world.net.flows[-1].sent)).server_name or "")
        lengths.append(attempt.sent_len)
    assert len({*lengths}) == 1
    assert len(names[0]) == len(names[1])
    assert names[0] != names[1]


def test_the_trial_sends_the_same_first_flight_as_the_attempt() -> None:
    """But for what is random in it: the key of the raw hello; of TLS's, compared by its parsed parts."""
    world = World()

    async def go() -> None:
        look = Look(world.kit(), "whatsapp", asyncio.Semaphore(8))
        await look.attempt(look.targets("web")[0], 0)

    run(go())
    arm_of(world, "web", Payload.TRIGGER, Address.NEUTRAL, Endpoint(TWINS[0], 443))
    real, twin = (parse_client_hello(bytes(flow.sent)) for flow in world.net.flows[-2:])
    assert (real.server_name, real.alpn, real.versions) == (twin.server_name, twin.alpn, twin.versions)
    assert [extension.kind for extension in real.extensions] == [
        extension.kind for extension in twin.extensions
    ]


def test_an_echo_that_does_not_fit_is_no_pass() -> None:
    world = World()
    world.net.serve(TWIN, says(b"WWTW1" + b"\x00" * 32))
    attempt = arm_of(world, "text", Payload.TRIGGER, Address.NEUTRAL, TWIN)
    assert (attempt.failed_operation, attempt.rung) == ("parse", Rung.ANSWERED)


def test_the_censor_hits_the_trigger_and_spares_the_neutral() -> None:
    world = World()
    world.net.censor = gfw(noise=True, sni="mmg.whatsapp.net")
    for function, endpoint in (("text", TWIN), ("media", Endpoint(TWINS[0], 443))):
        assert arm_of(world, function, Payload.TRIGGER, Address.NEUTRAL, endpoint).failure is not None
        assert arm_of(world, function, Payload.NEUTRAL, Address.NEUTRAL, endpoint).failure is None


async def resets(far: FarEnd) -> None:
    await far.receive()
    far.reset()


@pytest.mark.parametrize(
    ("talk", "rung"),
    [
        (chat(), Rung.ANSWERED),  # closes
        (chat(silent_to_garbage=True), Rung.CONNECTED),
        (resets, Rung.ANSWERED),
        (says(b"what?"), Rung.ANSWERED),
    ],
    ids=["closes", "waits in silence", "resets", "answers"],
)
def test_whatever_a_server_makes_of_garbage_is_no_failure(talk: Callable[[FarEnd], None], rung: Rung) -> None:
    world = World()
    world.net.serve(SERVICE, talk)  # type: ignore[arg-type]
    attempt = arm_of(world, "text", Payload.NEUTRAL, Address.SERVICE, SERVICE)
    assert (attempt.failure, attempt.rung) == (None, rung)


def test_garbage_that_never_arrived_is_a_failure() -> None:
    world = World()
    world.net.censor = lambda endpoint, sent: Action.DROP if sent else Action.PASS
    attempt = arm_of(world, "text", Payload.NEUTRAL, Address.SERVICE, SERVICE)
    assert (attempt.failure, attempt.failed_operation) == ("generic_timeout_error", "read")


def test_where_the_kernel_does_not_tell_silence_passes() -> None:
    world = World()
    world.net.capable = Capabilities(ipv4=True, ipv6=True, icmp_errors=True, tcp_info=False)
    world.net.serve(SERVICE, silence)
    assert arm_of(world, "text", Payload.NEUTRAL, Address.SERVICE, SERVICE).failure is None


def test_a_blocked_address_fails_the_arm_at_the_service() -> None:
    world = World()
    world.net.censor = lambda endpoint, sent: Action.DROP if endpoint.address == CHAT else Action.PASS
    attempt = arm_of(world, "text", Payload.NEUTRAL, Address.SERVICE, SERVICE)
    assert (attempt.failure, attempt.failed_operation) == ("generic_timeout_error", "connect")


@pytest.mark.parametrize(
    ("talk", "failure"),
    [
        (says(b"\x15\x03\x03\x00\x02\x02\x70"), None),  # alert: unrecognized_name
        (says(b""), None),  # closes
        (resets, "connection_reset"),
        (silence, "generic_timeout_error"),
    ],
    ids=["alert", "closes", "resets", "silent"],
)
def test_a_tls_server_may_refuse_a_strange_name_but_not_by_silence(
    talk: Callable[[FarEnd], None], failure: str | None
) -> None:
    world = World()
    media = Endpoint(MEDIA, 443)
    world.net.serve(media, talk)  # type: ignore[arg-type]
    assert arm_of(world, "media", Payload.NEUTRAL, Address.SERVICE, media).failure == failure

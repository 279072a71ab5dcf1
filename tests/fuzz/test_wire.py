"""Every parser in `wire/`: a value or ValueError, nothing else, whatever the bytes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import seeds
from tests.fuzz.mutation import mutated
from wallwatch.wire import dns, echo, protobuf, tls_hello, whatsapp
from wallwatch.wire.fully_encrypted import is_fully_encrypted
from wallwatch.wire.magic import has_known_magic
from wallwatch.wire.neutral import is_neutral
from wallwatch.wire.noise import Initiator, Responder
from wallwatch.wire.packet import (
    Packet,
    build_icmp_time_exceeded,
    build_icmp_unreachable,
    checksums_hold,
    with_ttl,
)


def _frames(data: bytes) -> object:
    reader = whatsapp.FrameReader()
    return [reader.feed(data[:5]), reader.feed(data[5:])]


def _checked(data: bytes) -> object:
    packet = Packet.from_bytes(data)
    return checksums_hold(packet), packet.sequence_length, packet.is_tcp, packet.is_udp, packet.is_icmp


def _server_hello(data: bytes) -> object:
    initiator = Initiator(whatsapp.HEADER, bytes([1]) * 32)
    initiator.client_hello()
    return initiator.read_server_hello(data)


PARSERS: dict[str, Callable[[bytes], object]] = {
    "packet": _checked,
    "time exceeded": lambda data: build_icmp_time_exceeded(data, "192.0.2.9"),
    "unreachable": lambda data: build_icmp_unreachable(data, "2001:db8::9", 1),
    "ttl": lambda data: with_ttl(data, 3),
    "client hello": tls_hello.parse_client_hello,
    "looks like a client hello": tls_hello.looks_like_client_hello,
    "protobuf": protobuf.decode,
    "whatsapp opening": whatsapp.parse_opening,
    "whatsapp frames": _frames,
    "whatsapp client hello": whatsapp.decode_client_hello,
    "whatsapp server hello": whatsapp.decode_server_hello,
    "certificate chain": whatsapp.decode_chain,
    "noise initiator": _server_hello,
    "noise responder": lambda data: Responder(b"WA\x06\x03", bytes([2]) * 32, bytes([3]) * 32).server_hello(
        data, b""
    ),
    "dns question": dns.parse_question,
    "dns reply": dns.parse_reply,
    "dns answer": lambda data: dns.build_answer(data, ["192.0.2.1"]),
    "echo": echo.parse_echo,
    "fully encrypted": is_fully_encrypted,
    "magic": has_known_magic,
}
REAL = seeds.captured()
FEW = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def parse(name: str, data: bytes) -> None:
    """Any exception but ValueError fails the test by itself."""
    with suppress(ValueError):
        PARSERS[name](data)


@pytest.mark.parametrize("name", PARSERS)
@FEW
@given(data=mutated(seeds.made()))
def test_mutations_of_what_we_build(name: str, data: bytes) -> None:
    parse(name, data)


@pytest.mark.real_data
@pytest.mark.skipif(not REAL, reason="the shared folder with real captures is not beside this checkout")
@pytest.mark.parametrize("name", PARSERS)
@FEW
@given(data=mutated(REAL or [b""]))
def test_mutations_of_real_captures(name: str, data: bytes) -> None:
    parse(name, data)


@pytest.mark.real_data
@pytest.mark.skipif(not REAL, reason="the shared folder with real captures is not beside this checkout")
@pytest.mark.parametrize("name", [n for n in PARSERS if n.startswith("dns")])
@FEW
@given(data=mutated(seeds.real_dns() or [b""]))
def test_mutations_of_real_dns(name: str, data: bytes) -> None:
    parse(name, data)


@pytest.mark.parametrize("name", PARSERS)
def test_every_beginning_of_what_we_build(name: str) -> None:
    for seed in seeds.made():
        for length in range(min(len(seed), 300) + 1):
            parse(name, seed[:length])


@given(st.binary(min_size=1, max_size=100))
def test_neutral_is_always_decided(payload: bytes) -> None:
    assert is_neutral(payload) in (True, False)

"""Neutral twins, the echo, and the rule for fully encrypted traffic."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallwatch.wire import echo
from wallwatch.wire.fully_encrypted import bits_per_byte, is_fully_encrypted
from wallwatch.wire.incomplete import Incomplete
from wallwatch.wire.magic import has_known_magic
from wallwatch.wire.neutral import is_neutral, neutral_bytes, neutral_name
from wallwatch.wire.noise import Initiator
from wallwatch.wire.tls_hello import looks_like_client_hello
from wallwatch.wire.whatsapp import HEADER, parse_opening

HALF = bytes.fromhex("99") * 100  # 4 bits a byte, not printable


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", False),
        (HALF, True),
        (bytes(100), False),  # Ex1, too few bits
        (b"\xff" * 100, False),  # Ex1, too many
        (b"abcdef" + HALF, False),  # Ex2
        (b"abcde" + HALF, True),  # five are not six
        (b"\x99" + b"ok" * 51 + b"\x99" * 50, False),  # Ex3: 102 of 153
        (HALF[:50] + b"ok" * 11 + HALF, False),  # Ex4: a run of 22
        (HALF[:50] + b"ok" * 10 + HALF, True),  # a run of 20 is not more than 20
        (b"\x16\x03\x01" + HALF, False),  # Ex5
        (b"\x17\x03\x09" + HALF, False),
        (b"\x17\x03\x0a" + HALF, True),
        (b"GET " + HALF, False),
        (b"GETX" + HALF, True),
    ],
)
def test_the_five_exemptions(payload: bytes, expected: bool) -> None:
    assert is_fully_encrypted(payload) is expected


def test_ciphertext_is_caught_and_whatsapp_now_and_then() -> None:
    """Measured over 4,000 draws: random payloads nearly always, WhatsApp 56 times in 100."""
    assert sum(is_fully_encrypted(os.urandom(200)) for _ in range(200)) > 190
    caught = sum(is_fully_encrypted(Initiator(HEADER, os.urandom(32)).client_hello()) for _ in range(400))
    assert 160 < caught < 290


def test_no_bytes_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no bytes"):
        bits_per_byte(b"")


@given(st.binary(min_size=1, max_size=600), st.binary(max_size=16))
def test_neutral_bytes_are_as_long_and_innocent(trigger: bytes, random: bytes) -> None:
    neutral = neutral_bytes(trigger, random)
    assert len(neutral) == len(trigger)
    assert neutral != trigger
    assert neutral == neutral_bytes(trigger, random)
    assert is_neutral(neutral)
    assert not is_fully_encrypted(neutral)
    assert not has_known_magic(neutral)
    assert not looks_like_client_hello(neutral)
    with pytest.raises(ValueError, match="open"):
        parse_opening(neutral)


def test_other_random_bytes_give_other_neutral_ones() -> None:
    trigger = Initiator(HEADER, os.urandom(32)).client_hello()
    assert len({neutral_bytes(trigger, bytes([i])) for i in range(50)}) == 50


def test_nothing_has_no_twin() -> None:
    with pytest.raises(ValueError, match="no bytes"):
        neutral_bytes(b"", b"x")


@given(st.text("abc.", min_size=1, max_size=253), st.binary(max_size=16))
def test_neutral_names_are_as_long_and_well_formed(name: str, random: bytes) -> None:
    neutral = neutral_name(name, random)
    assert len(neutral) == len(name)
    assert all(0 < len(label) <= 63 for label in neutral.split("."))
    if len(name) >= 13:
        assert neutral.endswith((".example.net", ".example.com", ".example.org"))


@pytest.mark.parametrize(
    ("name", "ending"),
    [("web.whatsapp.com", ".example.com"), ("v.whatsapp.net", ".example.net"), ("weibo.com", ".test")],
)
def test_neutral_names_keep_the_top_level_where_there_is_room(name: str, ending: str) -> None:
    assert neutral_name(name, b"1").endswith(ending)
    assert neutral_name(name, b"1") != neutral_name(name, b"2")


@pytest.mark.parametrize("name", ["", "a" * 254])
def test_no_name_has_that_length(name: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        neutral_name(name, b"")


@given(st.binary(max_size=100))
def test_an_echo_fits_its_payload_only(payload: bytes) -> None:
    reply = echo.build_echo(payload)
    assert len(reply) == echo.LENGTH
    assert echo.echo_fits(reply, payload)
    assert not echo.echo_fits(reply, payload + b"x")
    assert echo.MAGIC + echo.parse_echo(reply) == reply


def test_an_echo_cut_or_changed() -> None:
    reply = echo.build_echo(b"payload")
    for length in range(len(reply)):
        with pytest.raises(Incomplete):
            echo.parse_echo(reply[:length])
    for wrong in (b"HTTP/1.1 403 Forbidden\r\n\r\n", reply + b"x", b"X" + reply[1:]):
        with pytest.raises(ValueError, match="not a twin"):
            echo.parse_echo(wrong)

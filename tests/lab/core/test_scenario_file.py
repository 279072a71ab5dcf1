"""Scenario files are read strictly, and errors say what to write instead."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.lab.core.making import SMALL, small
from wallwatch.lab.scenario_file import ScenarioError, load_named, names, parse

TEXT = SMALL.read_text()


def test_every_scenario_that_comes_along_can_be_read() -> None:
    assert "china-whatsapp-2017" in names()
    for name in names():
        assert load_named(name).name == name


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        load_named("../small")


@pytest.mark.parametrize(
    ("was", "instead", "message"),
    [
        ("resolver = ", "resolvr = ", r"unknown key 'resolvr' in hosts.*did you mean 'resolver'"),
        ("time.scale", "time.scael", r"unknown key 'scael' in time; did you mean 'scale'"),
        ("delay_ms = 25.0", "delay = 25.0", r"unknown key 'delay' in paths.*did you mean 'delay_ms'"),
        ("delay_ms = 25.0", 'delay_ms = "x"', r"Expected `float`"),
        ("delay_ms = 25.0", "delay_ms = -1.0", r"not negative"),
        ('network = "west"\nrole = "probe"', 'network = "wets"\nrole = "probe"', r"network 'wets'.*'west'"),
        ('role = "probe"', 'role = "prob"', r"role"),
        ('resolver = "dns"', 'resolver = "dsn"', r"resolver 'dsn'; did you mean 'dns'"),
        ('between = ["west", "east"]', 'between = ["west", "aest"]', r"network or region 'aest'"),
        ('at = ["border"]', 'at = ["boarder"]', r"site 'boarder'; did you mean 'border'"),
        ('kind = "tls_sni_reset"', 'kind = "tls_sni_rest"', r"censor 'tls_sni_rest'; did you mean"),
        ("options = { names =", "options = { nams =", r"unknown key 'nams'; did you mean 'names'"),
        ("services.website", "services.webiste", r"service 'webiste'; did you mean 'website'"),
        ("modes = { website", "modes = { websiet", r"service in this lab 'websiet'; did you mean 'website'"),
        ('offline = ["near"]', 'offline = ["neer"]', r"host 'neer'; did you mean 'near'"),
        ("hop = 2", "hop = 5", r"hop 5 of 4"),
        ('"240e::3", "240e::4"]', '"240e::3"]', r"as many routers"),
        ('hops = ["202.97.1.1"', 'hops = ["2001::1"', r"no v4 address"),
        ('["146.1.0.10"]', '["146.1.0.1000"]', r"does not appear to be"),
        ('["146.1.0.10"]', '["101.95.0.10"]', r"belongs to 'client' already"),
        ('["146.1.0.10"]', '["146.1.0.10", "146.1.0.11"]', r"one v4 address, one v6 address or both"),
        ("from = 2017-07-03T00:00:00Z", "from = 2017-07-01T12:00:00Z", r"in order of time"),
        ("from = 2017-07-03T00:00:00Z", "from = 2017-07-03T00:00:00", r"with their zone"),
        ('name = "near"', 'name = "client"', r"two hosts are named 'client'"),
        ("[[stages]]", "[[stages]", r"line"),
    ],
)
def test_mistakes_are_named(was: str, instead: str, message: str) -> None:
    assert was in TEXT
    with pytest.raises(ScenarioError, match=message) as raised:
        parse(TEXT.replace(was, instead, 1).encode(), "some.toml")
    assert str(raised.value).startswith("some.toml: ")


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(ScenarioError):
        parse(b"\xff\xfe")


@pytest.mark.parametrize(
    ("instant", "name"),
    [
        (datetime(2017, 6, 30, tzinfo=UTC), "before"),
        (datetime(2017, 7, 1, tzinfo=UTC), "quiet"),
        (datetime(2017, 7, 1, 23, 59, tzinfo=UTC), "quiet"),
        (datetime(2017, 7, 2, tzinfo=UTC), "reset"),
        (datetime(2027, 1, 1, tzinfo=UTC), "trouble"),
    ],
)
def test_the_stage_in_force(instant: datetime, name: str) -> None:
    assert small().stage_at(instant).name == name

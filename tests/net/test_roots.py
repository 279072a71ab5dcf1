"""Verification of a recorded chain: good ones pass, and each way to be bad has its own failure."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes import Authority
from wallwatch.net.roots import Roots

AUTHORITY = Authority()
INTERMEDIATE = Authority("test intermediate", above=AUTHORITY)
OLD_INTERMEDIATE = Authority(
    "old intermediate",
    above=AUTHORITY,
    dates=(datetime(2010, 1, 1, tzinfo=UTC), datetime(2017, 1, 1, tzinfo=UTC)),
)
NOW = datetime(2017, 9, 20, tzinfo=UTC)
ROOTS = AUTHORITY.roots()


def verdict(names: tuple[str, ...], name: str, *, at: datetime = NOW, roots: Roots = ROOTS) -> str | None:
    """What is said of a fresh leaf for `names`, asked for `name`."""
    return roots.verify(AUTHORITY.issue(*names).chain_der, name, at)


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (("web.example",), "web.example"),
        (("web.example",), "WEB.Example."),
        (("a.example", "*.example.org"), "b.example.org"),
        (("203.0.113.7",), "203.0.113.7"),
        (("2001:db8::7",), "2001:0db8::0:7"),
    ],
)
def test_good(names: tuple[str, ...], name: str) -> None:
    assert verdict(names, name) is None


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (("web.example",), "other.example"),
        (("*.example.org",), "example.org"),
        (("*.example.org",), "a.b.example.org"),
        (("203.0.113.7",), "203.0.113.8"),
        (("web.example",), "203.0.113.7"),
    ],
)
def test_another_name(names: tuple[str, ...], name: str) -> None:
    assert verdict(names, name) == "ssl_invalid_hostname"


@pytest.mark.parametrize("year", [2009, 2041])
def test_not_yet_and_no_longer_valid(year: int) -> None:
    at = datetime(year, 6, 1, tzinfo=UTC)
    assert verdict(("web.example",), "web.example", at=at) == "ssl_invalid_certificate"


def test_an_unknown_authority() -> None:
    roots = Authority("someone else").roots()
    assert verdict(("web.example",), "web.example", roots=roots) == "ssl_unknown_authority"


def test_an_authority_of_the_same_name_and_another_key() -> None:
    assert verdict(("web.example",), "web.example", roots=Authority().roots()) == "ssl_unknown_authority"


def test_nobody_is_trusted() -> None:
    assert verdict(("web.example",), "web.example", roots=Roots()) == "ssl_unknown_authority"


def test_an_intermediate() -> None:
    leaf = INTERMEDIATE.issue("web.example")
    assert len(leaf.chain_der) == 2
    assert ROOTS.verify(leaf.chain_der, "web.example", NOW) is None
    assert ROOTS.verify(leaf.chain_der[:1], "web.example", NOW) == "ssl_unknown_authority"


def test_an_expired_intermediate_is_a_wrong_date_not_an_unknown_authority() -> None:
    leaf = OLD_INTERMEDIATE.issue("web.example")
    assert ROOTS.verify(leaf.chain_der, "web.example", NOW) == "ssl_invalid_certificate"


def test_the_date_comes_before_the_name_and_the_name_before_the_root() -> None:
    late = datetime(2041, 1, 1, tzinfo=UTC)
    strangers = Authority("someone else").roots()
    assert verdict(("a.example",), "b.example", at=late, roots=strangers) == "ssl_invalid_certificate"
    assert verdict(("a.example",), "b.example", roots=strangers) == "ssl_invalid_hostname"


@pytest.mark.parametrize("chain", [[], [b""], [b"\x30\x03abc"]], ids=["none", "empty", "garbage"])
def test_what_is_no_certificate(chain: list[bytes]) -> None:
    assert ROOTS.verify(chain, "web.example", NOW) == "ssl_invalid_certificate"


def test_a_bundle_is_read_past_a_bad_block(tmp_path: Path) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"# a comment\n" + broken + AUTHORITY.pem)
    roots = Roots.load(bundle)
    assert roots.verify(AUTHORITY.issue("web.example").chain_der, "web.example", NOW) is None


def test_a_bundle_without_certificate_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"nothing here")
    with pytest.raises(ValueError, match="no certificate"):
        Roots.load(bundle)


def test_the_systems_bundle_does_not_trust_a_stranger() -> None:
    assert verdict(("web.example",), "web.example", roots=Roots.load()) == "ssl_unknown_authority"

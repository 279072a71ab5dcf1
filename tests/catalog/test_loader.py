"""The shipped catalogue, and what the loader refuses."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from wallwatch import catalog, plugins
from wallwatch.catalog.loader import has_expired, load_from
from wallwatch.refusal import Refusal
from wallwatch.wire.whatsapp_certificate import PRODUCTION_ROOT

SHIPPED = Path(str(resources.files("wallwatch.catalog")))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """An edition of our own to break."""
    folder = tmp_path / "catalogue"
    shutil.copytree(SHIPPED / "services", folder / "services")
    for name in ("owners.toml", "canaries.toml"):
        shutil.copy(SHIPPED / name, folder / name)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_whatsapp_has_its_four_reachable_functions() -> None:
    service = catalog.load().service("whatsapp")
    assert set(service.functions) == {"registration", "text", "media", "web"}
    text = catalog.targets_of(service, "text", {})
    assert [(target.host, target.port) for target in text] == [
        ("g.whatsapp.net", 5222),
        ("g.whatsapp.net", 443),
    ]
    assert {target.pin for target in text} == {PRODUCTION_ROOT}


def test_every_experiment_named_exists() -> None:
    known = plugins.names("wallwatch.experiments")
    services = catalog.load().services.values()
    assert {entry.experiment for service in services for entry in service.functions.values()} <= set(known)


def test_every_entry_has_an_owner_a_source_and_a_day_to_expire() -> None:
    loaded = catalog.load()
    for service in loaded.services.values():
        assert service.owner in loaded.owners
        assert service.source
        assert service.expires > service.date
        assert not has_expired(service, datetime(2017, 9, 20, tzinfo=UTC))
        assert has_expired(service, datetime(2099, 1, 1, tzinfo=UTC))


def test_an_operators_pin_wins_over_the_catalogues() -> None:
    service = catalog.load().service("whatsapp")
    (web,) = catalog.targets_of(service, "web", {"whatsapp_noise_root": "ab" * 32})
    assert web.pin == b"\xab" * 32


@pytest.mark.parametrize("pin", ["zz", "abcd"])
def test_a_pin_that_is_no_key_is_refused(pin: str) -> None:
    with pytest.raises(Refusal, match="whatsapp_noise_root"):
        catalog.targets_of(catalog.load().service("whatsapp"), "text", {"whatsapp_noise_root": pin})


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(Refusal, match="whatsapp"):
        catalog.load().service("watsapp")
    with pytest.raises(Refusal, match="media"):
        catalog.targets_of(catalog.load().service("whatsapp"), "medai", {})


def test_canaries_differ_by_country() -> None:
    china, elsewhere = catalog.load().canaries("CN"), catalog.load().canaries("NL")
    assert china.home is not None
    assert china.home.host == "weibo.com"
    assert china.abroad == elsewhere.abroad
    assert elsewhere.home is None


def test_the_version_names_the_data(copy: Path) -> None:
    shipped = catalog.load()
    assert load_from(copy).version == shipped.version
    edit(copy / "services" / "weibo.toml", "port = 443", "port = 8443")
    assert load_from(copy).version != shipped.version


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('owner = "sina"', 'ownr = "sina"', "owner"),
        ('owner = "sina"', 'owner = "sinna"', "sina"),
        ('name = "weibo"', 'name = "weebo"', "weebo"),
        ('pool = "any_of"', 'pool = "one_of"', "one_of"),
        ('transport = "tls"', 'transport = "tls"\npin = "nothing"', "nothing"),
        ("[functions.web]", "[functions.chatting]", "chatting"),
        ('host = "weibo.com"', 'hots = "weibo.com"', "host"),
        ('endpoints = [{ host = "weibo.com", port = 443 }]', "endpoints = []", "no endpoint"),
        ("date = 2026-11-23", "date = ", "not TOML"),
    ],
)
def test_what_does_not_fit_is_refused(copy: Path, old: str, new: str, says: str) -> None:
    edit(copy / "services" / "weibo.toml", old, new)
    with pytest.raises(Refusal, match=says):
        load_from(copy)

"""The probe's config file: what it may say, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from wallwatch import catalog
from wallwatch.probe.config import ProbeConfig, read_probe
from wallwatch.refusal import Refusal
from wallwatch.vantage.settings import CanaryPages, chosen_canaries

WHOLE = """
[probe]
id = "cn-4134"
cc = "CN"
asn = 4134
network_name = "China Telecom"
resolver_asn = 4134
access_type = "fixed"
services = ["whatsapp", "weibo"]
home = "somewhere"
consent = true
control = "http://192.0.2.1:8790"
collector = "http://192.0.2.2:8788"
[network]
ca_bundle = "roots.pem"
resolve_timeout = 1.0
connect_timeout = 1.2
handshake_timeout = 1.2
read_timeout = 1
pace_seconds = 0.7
[canaries]
home = "home.example"
[pins]
whatsapp_noise_root = "abababababababababababababababababababababababababababababababab"
"""


def read(tmp_path: Path, text: str) -> ProbeConfig:
    path = tmp_path / "probe.toml"
    path.write_text(text)
    return read_probe(path, catalog.load())


def test_a_whole_file(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE)
    assert (config.place.id, config.place.asn, config.place.access_type) == ("cn-4134", 4134, "fixed")
    assert config.network.read_timeout == 1.0
    assert config.pins["whatsapp_noise_root"] == "ab" * 32


def test_unknown_country_and_network_are_the_default(tmp_path: Path) -> None:
    place = read(tmp_path, '[probe]\nid = "x"\n').place
    assert (place.cc, place.asn, place.access_type) == ("ZZ", 0, None)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("services", "servces", "services"),
        ('"weibo"]', '"weebo"]', "weibo"),
        ("pace_seconds", "pace", "pace_seconds"),
        ("[network]", "[netwrk]", "network"),
        ("whatsapp_noise_root", "whatsapp_root", "whatsapp_noise_root"),
        ('cc = "CN"', 'cc = "China"', "ISO 3166"),
        ("asn = 4134", "asn = -1", "AS number"),
        ('"fixed"', '"fiber"', "fixed"),
        ("asn = 4134", 'asn = "4134"', "int"),
        ('id = "cn-4134"', "", "id"),
        ("[probe]", "[probe", "not TOML"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in WHOLE
    with pytest.raises(Refusal, match=says):
        read(tmp_path, WHOLE.replace(old, new, 1))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"none\.toml"):
        read_probe(tmp_path / "none.toml", catalog.load())


def test_the_operators_canaries_win(tmp_path: Path) -> None:
    loaded = catalog.load()
    chosen = chosen_canaries(loaded, "CN", read(tmp_path, WHOLE).canaries)
    assert chosen.home is not None
    assert chosen.home.host == "home.example"
    assert chosen.abroad == loaded.canaries("CN").abroad
    assert chosen_canaries(loaded, "NL", CanaryPages()).home is None

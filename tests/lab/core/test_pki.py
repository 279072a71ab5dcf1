"""The lab's certificates hold for the scenarios' dates, and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from wallwatch.lab.pki import Authority, Leaf, make_noise_keys


def _verify(authority: Authority, leaf: Leaf, name: str, at: datetime) -> None:
    root, *_ = x509.load_pem_x509_certificates(authority.pem.encode())
    certificate, *rest = x509.load_pem_x509_certificates(leaf.chain_pem.encode())
    policy = PolicyBuilder().store(Store([root])).time(at.replace(tzinfo=None))
    policy.build_server_verifier(x509.DNSName(name)).verify(certificate, rest)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.mark.parametrize("year", [2011, 2017, 2026, 2040])
def test_a_leaf_holds_for_its_names_in_a_scenarios_years(authority: Authority, year: int) -> None:
    leaf = authority.issue(["v.whatsapp.net", "*.whatsapp.com"])
    for name in ("v.whatsapp.net", "web.whatsapp.com"):
        _verify(authority, leaf, name, datetime(year, 9, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "year"), [("whatsapp.net", 2017), ("v.whatsapp.net", 2009), ("v.whatsapp.net", 2051)]
)
def test_for_other_names_and_times_it_does_not(authority: Authority, name: str, year: int) -> None:
    leaf = authority.issue(["v.whatsapp.net"])
    with pytest.raises(VerificationError):
        _verify(authority, leaf, name, datetime(year, 9, 20, tzinfo=UTC))


def test_another_labs_authority_is_a_stranger(authority: Authority) -> None:
    leaf = Authority().issue(["v.whatsapp.net"])
    with pytest.raises(VerificationError):
        _verify(authority, leaf, "v.whatsapp.net", datetime(2017, 9, 20, tzinfo=UTC))


def test_noise_keys_are_pairs() -> None:
    keys = make_noise_keys()
    for private, public in (
        (keys.root_private, keys.root_public),
        (keys.leaf_private, keys.leaf_public),
    ):
        derived = X25519PrivateKey.from_private_bytes(bytes.fromhex(private)).public_key()
        assert derived.public_bytes_raw().hex() == public

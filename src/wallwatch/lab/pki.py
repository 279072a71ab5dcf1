"""The lab's own authorities: one for TLS that every host trusts, and one for WhatsApp's Noise certificates.

Keys are made anew for each lab and live no longer. How WhatsApp's chain is encoded and signed is
`wire/whatsapp.py`'s business; here are only the keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

# Wide enough for the scenario's years and for programs inside that look at the real clock.
NOT_BEFORE = datetime(2010, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2049, 12, 31, tzinfo=UTC)
AUTHORITY_NAME = "wallwatch lab authority"


class Leaf(Struct, frozen=True, kw_only=True):
    """A host's TLS certificate for one set of names."""

    names: list[str]
    chain_pem: str  # the leaf, then the authority
    key_pem: str  # PKCS 8, not encrypted


class NoiseKeys(Struct, frozen=True, kw_only=True):
    """X25519 keys in hex: the pinned root, and the server's static key that the chain certifies."""

    root_private: str
    root_public: str
    leaf_private: str
    leaf_public: str


class Authority:
    """A certificate authority with one root (ECDSA P-256: a key takes 0.1 ms)."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY_NAME)])
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        usage = _key_usage(for_authority=True)
        builder = (
            self._begin(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(identifier, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier(identifier.digest, None, None), critical=False)
        )
        self._identifier = identifier
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, names: Sequence[str]) -> Leaf:
        """A leaf for DNS names (wildcards allowed) and address literals."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier)
        certificate = (
            self._begin(subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(for_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        return Leaf(names=list(names), chain_pem=pem + self.pem, key_pem=_private_pem(key))

    def openssl_hash(self) -> str:
        """The root's file name in a directory of certificates, without ".0" (OpenSSL's X509_NAME_hash).

        SHA-1 over the name's encoding with its text in lower case, as x509_name_canon does it.
        """
        text = AUTHORITY_NAME.lower().encode()
        attribute = _der(0x06, bytes.fromhex("550403")) + _der(0x0C, text)
        canonical = _der(0x31, _der(0x30, attribute))
        return hashlib.sha1(canonical, usedforsecurity=False).digest()[3::-1].hex()

    def _begin(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=subject,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=NOT_BEFORE.replace(tzinfo=None),
            not_valid_after=NOT_AFTER.replace(tzinfo=None),
        )


def make_noise_keys() -> NoiseKeys:
    """Fresh ones."""
    keys = {}
    for name in ("root", "leaf"):
        private = X25519PrivateKey.generate()
        keys[f"{name}_private"] = private.private_bytes_raw().hex()
        keys[f"{name}_public"] = private.public_key().public_bytes_raw().hex()
    return NoiseKeys(**keys)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, for_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not for_authority,
        key_cert_sign=for_authority,
        crl_sign=for_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    pkcs8 = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()).decode()


def _der(tag: int, value: bytes) -> bytes:
    return bytes((tag, len(value))) + value  # all of ours are shorter than 128 bytes

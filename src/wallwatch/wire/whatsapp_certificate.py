"""The certificate chain with which WhatsApp's chat servers prove who they are.

A leaf that holds the server's static Noise key, signed by an intermediate, signed by a pinned root; all keys
X25519, all signatures XEdDSA. Field numbers: leaf 1, intermediate 2; in each details 1, signature 2; in
details serial 1, issuerSerial 2, key 3, notBefore 4, notAfter 5 (Unix seconds).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import Struct

from wallwatch.wire import protobuf, xeddsa

# Issuer "WhatsAppLongTerm1"; in two open clients, whatsmeow and Baileys, 2026-08.
PRODUCTION_ROOT = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
ROOT_SERIAL = 0


class ChainRefused(ValueError):  # noqa: N818 - says what happened, like Incomplete
    """A chain was read but does not prove the server; the text says why."""


class Certificate(Struct, frozen=True, kw_only=True):
    """One certificate: its fields, and the exact bytes that are signed."""

    details: bytes
    signature: bytes  # 64 bytes
    serial: int
    issuer_serial: int
    key: bytes  # 32 bytes, X25519
    not_before: int  # Unix seconds
    not_after: int


class CertChain(Struct, frozen=True, kw_only=True):
    """What the ServerHello's payload holds."""

    leaf: Certificate
    intermediate: Certificate


class Validity(Struct, frozen=True):
    """From when to when a lab certificate is to hold, both included; aware."""

    not_before: datetime
    not_after: datetime


def key_id(root_public: bytes) -> str:
    """How records name a root: the SHA-256 of its 32 bytes, in hex."""
    return hashlib.sha256(root_public).hexdigest()


def decode_chain(data: bytes) -> CertChain:
    """Parse. ValueError if a part is missing or of a wrong length. Nothing is verified."""
    fields = protobuf.decode(data)
    return CertChain(leaf=_decode(fields, 1), intermediate=_decode(fields, 2))


def encode_chain(chain: CertChain) -> bytes:
    """The inverse of `decode_chain`; the signed bytes are kept as they are."""
    return protobuf.encode((number, _encode(c)) for number, c in ((1, chain.leaf), (2, chain.intermediate)))


def verify_chain(chain: CertChain, static: bytes, root_public: bytes, at: datetime) -> None:
    """Return if the chain proves, at the aware time `at`, that `static` is the server's key.

    ChainRefused, with the reason, if it does not.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    leaf, intermediate = chain.leaf, chain.intermediate
    if not xeddsa.verify(root_public, intermediate.details, intermediate.signature):
        raise ChainRefused("the root did not sign the intermediate certificate")
    if intermediate.issuer_serial != ROOT_SERIAL:
        raise ChainRefused("the intermediate certificate names another root")
    if not xeddsa.verify(intermediate.key, leaf.details, leaf.signature):
        raise ChainRefused("the intermediate did not sign the leaf certificate")
    if leaf.issuer_serial != intermediate.serial:
        raise ChainRefused("the leaf certificate names another intermediate")
    if leaf.key != static:
        raise ChainRefused("the leaf certificate is for another static key")
    for name, certificate in (("intermediate", intermediate), ("leaf", leaf)):
        if not certificate.not_before <= at.timestamp() <= certificate.not_after:
            raise ChainRefused(f"the {name} certificate is not valid at {at.astimezone(UTC).isoformat()}")


def issue_chain(
    root_private: bytes, leaf_public: bytes, not_before: datetime, not_after: datetime
) -> CertChain:
    """A chain for a lab server. Keys and signatures follow from the arguments, so that a lab is repeatable.

    Never for a key that matters: signing here is not in constant time. ValueError on a wrong length.
    """
    validity = Validity(not_before, not_after)
    seed = hashlib.sha256(b"wallwatch lab intermediate" + root_private).digest()
    public = X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return CertChain(
        leaf=_issue(seed, leaf_public, (2, 1), validity),
        intermediate=_issue(root_private, public, (1, ROOT_SERIAL), validity),
    )


def _issue(issuer_private: bytes, key: bytes, serials: tuple[int, int], validity: Validity) -> Certificate:
    if len(key) != 32:
        raise ValueError("an X25519 key has 32 bytes")
    not_before, not_after = int(validity.not_before.timestamp()), int(validity.not_after.timestamp())
    details = protobuf.encode(((1, serials[0]), (2, serials[1]), (3, key), (4, not_before), (5, not_after)))
    random = hashlib.sha512(b"wallwatch lab signature" + issuer_private + details).digest()
    return Certificate(
        details=details,
        signature=xeddsa.sign(issuer_private, details, random),
        serial=serials[0],
        issuer_serial=serials[1],
        key=key,
        not_before=not_before,
        not_after=not_after,
    )


def _encode(certificate: Certificate) -> bytes:
    return protobuf.encode(((1, certificate.details), (2, certificate.signature)))


def _decode(chain: protobuf.Fields, number: int) -> Certificate:
    body = protobuf.last_bytes(chain, number)
    if body is None:
        raise ValueError("a certificate is missing from the chain")
    fields = protobuf.decode(body)
    details, signature = protobuf.last_bytes(fields, 1), protobuf.last_bytes(fields, 2)
    if details is None or signature is None or len(signature) != 64:
        raise ValueError("a certificate without its details or its 64-byte signature")
    inner = protobuf.decode(details)
    key = protobuf.last_bytes(inner, 3)
    if key is None or len(key) != 32:
        raise ValueError("a certificate without a 32-byte key")
    return Certificate(
        details=details,
        signature=signature,
        serial=protobuf.last_number(inner, 1),
        issuer_serial=protobuf.last_number(inner, 2),
        key=key,
        not_before=protobuf.last_number(inner, 4),
        not_after=protobuf.last_number(inner, 5),
    )

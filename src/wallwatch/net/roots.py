"""Certificate authorities that a probe trusts, and the verification of a recorded chain at a given time.

Revocation is not looked at.
"""

from __future__ import annotations

import re
import ssl
import warnings
from collections.abc import Iterable
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, Subject, VerificationError

from wallwatch.model.failure import SSL_INVALID_CERTIFICATE, SSL_INVALID_HOSTNAME, SSL_UNKNOWN_AUTHORITY

# Where systems keep their bundle: Debian, Fedora, Alpine.
SYSTEM_BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
)

_PEM_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Roots:
    """A set of trusted root certificates."""

    def __init__(self, certificates: Iterable[x509.Certificate] = ()) -> None:
        trusted = list(certificates)
        self._store = Store(trusted) if trusted else None  # None: nobody is trusted

    @classmethod
    def from_pem(cls, pem: bytes) -> Roots:
        """Those of a PEM bundle. Blocks that do not parse are left out; ValueError where none remains."""
        return cls(_certificates(pem))

    @classmethod
    def load(cls, ca_bundle: Path | None = None) -> Roots:
        """Those of a file, else of the system's bundle, else of certifi. Raises OSError, ValueError."""
        return cls.from_pem((ca_bundle or _system_bundle()).read_bytes())

    def verify(self, chain: list[bytes], name: str, at: datetime) -> str | None:
        """Whether a chain (DER, leaf first) is good for a name or address literal: None, or the failure.

        Where several things are wrong, the order is that of Go's verifier, on which OONI's strings rest: the
        leaf's dates, its names, then the way to a root.
        """
        try:
            leaf, *others = [x509.load_der_x509_certificate(der) for der in chain]
        except ValueError:  # no certificate at all, or bytes that are none
            return SSL_INVALID_CERTIFICATE
        if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
            return SSL_INVALID_CERTIFICATE
        if not is_for(leaf, name):
            return SSL_INVALID_HOSTNAME
        return self._find_way_to_root(leaf, others, name, at)

    def _find_way_to_root(
        self, leaf: x509.Certificate, others: list[x509.Certificate], name: str, at: datetime
    ) -> str | None:
        if self._leads_to_root(leaf, others, name, at):
            return None
        # Did it lead to a root when the leaf was issued? Then it is a date above the leaf that is wrong.
        if self._leads_to_root(leaf, others, name, leaf.not_valid_before_utc):
            return SSL_INVALID_CERTIFICATE
        return SSL_UNKNOWN_AUTHORITY

    def _leads_to_root(
        self, leaf: x509.Certificate, others: list[x509.Certificate], name: str, at: datetime
    ) -> bool:
        if self._store is None:
            return False
        verifier = PolicyBuilder().store(self._store).time(at).build_server_verifier(_subject(name))
        try:
            verifier.verify(leaf, others)
        except VerificationError:
            return False
        return True


def is_for(leaf: x509.Certificate, name: str) -> bool:
    """Whether a certificate's alternative names cover a name or an address literal (RFC 9525 section 6.3)."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    address = address_of(name)
    if address is not None:
        return address in names.get_values_for_type(x509.IPAddress)
    return any(_covers(pattern, name) for pattern in names.get_values_for_type(x509.DNSName))


def address_of(name: str) -> IPv4Address | IPv6Address | None:
    """The address that a literal spells, or None for a name."""
    try:
        return ip_address(name)
    except ValueError:
        return None


def _covers(pattern: str, name: str) -> bool:
    """Equal, or `*.` for exactly one leftmost label."""
    wanted, given = name.lower().rstrip("."), pattern.lower()
    if not given.startswith("*."):
        return wanted == given
    label, _, parent = wanted.partition(".")
    return bool(label) and parent == given[2:]


def _subject(name: str) -> Subject:
    address = address_of(name)
    return x509.DNSName(name.rstrip(".")) if address is None else x509.IPAddress(address)


def _system_bundle() -> Path:
    default = ssl.get_default_verify_paths().cafile
    candidates = (*SYSTEM_BUNDLES, *([Path(default)] if default else ()))
    return next((path for path in candidates if path.is_file()), Path(certifi.where()))


def _certificates(pem: bytes) -> list[x509.Certificate]:
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old roots with negative serial numbers: trusted all the same
        for block in _PEM_BLOCK.findall(pem):
            try:
                found.append(x509.load_pem_x509_certificate(block))
            except ValueError:  # one bad block does not take the others away
                continue
    if not found:
        raise ValueError("no certificate in the bundle")
    return found

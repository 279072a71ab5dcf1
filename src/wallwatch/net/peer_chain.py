"""The certificates that the far end sent, in whatever way this Python gives them. Nothing else."""

from __future__ import annotations

import ssl
import sys
from typing import Any

_DER = 2  # _ssl.ENCODING_DER


def peer_chain(tls: ssl.SSLObject) -> list[bytes]:
    """DER, leaf first; [] where none was sent. Before Python 3.13 only a private call tells."""
    if sys.version_info >= (3, 13):
        return list(tls.get_unverified_chain())
    private: Any = tls._sslobj  # type: ignore[attr-defined]
    certificates = private.get_unverified_chain() or []
    return [certificate.public_bytes(_DER) for certificate in certificates]

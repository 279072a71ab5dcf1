"""What is kept of a recorded body or certificate: its length, its digest, a page's title. Never the text."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
from typing import Any

from wallwatch.model.measurement import Json

TITLE = re.compile(r"<title[^>]*>(.{0,512}?)</title", re.IGNORECASE | re.DOTALL)
TITLE_WITHIN = 131072  # characters of a page in which its title is looked for
TITLE_LENGTH = 256  # characters kept


def body_bytes(response: Json) -> bytes | None:
    """The body as bytes: text, or df-001's `{format: base64, data}`. None for none, or a cut one."""
    body = response.get("body")
    if response.get("body_is_truncated") is True:
        return None
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    return decoded(body)


def decoded(value: Any) -> bytes | None:
    """df-001's and df-006's binary form."""
    if (
        not isinstance(value, dict)
        or value.get("format") != "base64"
        or not isinstance(value.get("data"), str)
    ):
        return None
    try:
        return base64.b64decode(value["data"], validate=True)
    except (binascii.Error, ValueError):
        return None


def body_length(response: Json) -> int | None:
    """In bytes; None where the record keeps no whole body."""
    body = body_bytes(response)
    return None if body is None else len(body)


def body_digest(response: Json) -> str | None:
    """SHA-256 of a body that is not empty."""
    body = body_bytes(response)
    return hashlib.sha256(body).hexdigest() if body else None


def leaf_digest(chain: Any) -> str | None:
    """SHA-256 of the first certificate of df-006's `peer_certificates`."""
    leaf = decoded(chain[0]) if isinstance(chain, list) and chain else None
    return hashlib.sha256(leaf).hexdigest() if leaf else None


def title_of(response: Json) -> str | None:
    """A page's title, white space joined; also of a page that is cut."""
    body = response.get("body")
    if not isinstance(body, str):
        raw = decoded(body)
        body = raw[:TITLE_WITHIN].decode("utf-8", "replace") if raw else ""
    match = TITLE.search(body[:TITLE_WITHIN])
    return tidy(match.group(1)) if match else None


def tidy(title: str) -> str | None:
    """One line of at most TITLE_LENGTH characters."""
    return " ".join(html.unescape(title).split())[:TITLE_LENGTH] or None

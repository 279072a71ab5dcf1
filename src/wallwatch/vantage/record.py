"""Wrap a look into the measurement that is handed in: OONI's envelope, with the vantage's own addresses taken
out.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from wallwatch import __version__
from wallwatch.model.ooni import Ran, Software, Where, envelope
from wallwatch.vantage.looking import Look
from wallwatch.vantage.settings import Place

TEST_NAME = "service_functions"
TEST_VERSION = "0.1.0"
SCRUBBED = b"[scrubbed]"
LOOPBACK = ("127.", "::1")


class Canaries(Struct, frozen=True, kw_only=True):
    """Whether a page at home and one abroad could be had. None: none is known for this place."""

    home: bool | None
    abroad: bool | None

    @property
    def none_answered(self) -> bool:
        """Whether both were tried in vain: this line leads nowhere."""
        return self.home is False and self.abroad is False


class Occasion(Struct, frozen=True, kw_only=True):
    """Why a measurement was made."""

    role: str  # probe | control
    run_id: str  # joins a probe's and its control's
    round: int | None  # the lab's number of the round; None on the system's own schedule


def measurement(look: Look, place: Place, occasion: Occasion, canaries: Canaries) -> bytes:
    """The measurement as JSON, one line without its newline."""
    software = Software(name="wallwatch", version=__version__, test_name=TEST_NAME, test_version=TEST_VERSION)
    where = Where(
        cc=place.cc, asn=place.asn, network_name=place.network_name, resolver_asn=place.resolver_asn
    )
    test_keys: dict[str, Any] = {**look.test_keys(), "x_canaries": msgspec.to_builtins(canaries)}
    ran = Ran(start=look.started, seconds=look.steps.trace.now())
    wrapped = envelope(software, where, ran, look.service.name, notes(place, occasion), test_keys)
    return without_own_addresses(msgspec.json.encode(wrapped), look.own_addresses)


def notes(place: Place, occasion: Occasion) -> dict[str, str]:
    """What joins and tells apart; absent is unknown."""
    said = {
        "role": occasion.role,
        "run_id": occasion.run_id,
        "probe_id": place.id,
        "round": None if occasion.round is None else str(occasion.round),
        "access_type": place.access_type,
    }
    return {key: value for key, value in said.items() if value is not None}


def without_own_addresses(content: bytes, own: set[str]) -> bytes:
    """A safety net: no record holds the vantage's address by construction, and none leaves if one ever did.

    Loopback is left alone: it is what df-000 writes in place of an address.
    """
    for address in sorted(own):
        if not address.startswith(LOOPBACK):
            whole = rb"(?<![0-9A-Za-z:.])" + re.escape(address.encode()) + rb"(?![0-9A-Za-z]|\.[0-9])"
            content = re.sub(whole, SCRUBBED, content)
    return content

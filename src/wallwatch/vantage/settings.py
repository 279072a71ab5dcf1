"""The parts of a config file that the probe's and the control's have in common."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from msgspec import Struct

from wallwatch.catalog import Catalogue
from wallwatch.catalog.types import Canaries, Canary
from wallwatch.refusal import Refusal, unknown

UNKNOWN_COUNTRY = "ZZ"
UNKNOWN_NETWORK = 0
# Seconds; residual censorship lasts 180 s and more (A Wall Behind A Wall, IEEE S&P 2025).
DEFAULT_PACE = 200.0
HOUR = 3600.0  # seconds; between rounds, unless the operator says otherwise


class Patience(Struct, frozen=True, kw_only=True):
    """[network]. How long to wait for what, in seconds, and whose certificates to believe."""

    ca_bundle: str = ""  # "": the system's
    resolve_timeout: float = 5.0
    connect_timeout: float = 10.0
    handshake_timeout: float = 10.0
    read_timeout: float = 15.0
    pace_seconds: float = DEFAULT_PACE  # rest of an address and port after a trigger


class CanaryPages(Struct, frozen=True, kw_only=True):
    """[canaries]. Names of HTTPS sites that nobody blocks; "": what the catalogue knows for the country."""

    home: str = ""
    abroad: str = ""


class Place(Struct, frozen=True, kw_only=True):
    """Where a vantage is, as far as its operator says. Never an address."""

    id: str
    cc: str = UNKNOWN_COUNTRY
    asn: int = UNKNOWN_NETWORK
    network_name: str = ""
    resolver_asn: int = UNKNOWN_NETWORK
    access_type: str | None = None  # fixed | mobile | roaming; None: not said


def place_of(section: Struct) -> Place:
    """The part of a section of a config that says where the vantage is."""
    return Place(**{name: getattr(section, name) for name in Place.__struct_fields__})


ACCESS_TYPES = ("fixed", "mobile", "roaming")


def checked(place: Place) -> Place:
    """The place, if it can be one. Raises Refusal."""
    if not re.fullmatch("[A-Z]{2}", place.cc):
        raise Refusal(f"{place.cc!r} is no country code: two capital letters (ISO 3166), or ZZ for unknown")
    for what, asn in (("asn", place.asn), ("resolver_asn", place.resolver_asn)):
        if not 0 <= asn < 2**32:
            raise Refusal(f"{what} {asn} is no AS number; 0 stands for unknown")
    if place.access_type is not None and place.access_type not in ACCESS_TYPES:
        raise unknown("access type", place.access_type, ACCESS_TYPES)
    return place


def chosen_canaries(catalogue: Catalogue, country: str, pages: CanaryPages) -> Canaries:
    """The operator's, else the catalogue's; None where neither names one."""
    known = catalogue.canaries(country)
    return Canaries(home=operators(pages.home) or known.home, abroad=operators(pages.abroad) or known.abroad)


def operators(host: str) -> Canary | None:
    """A page that the operator vouches for."""
    return Canary(host=host, source="the operator", date=datetime.date.min) if host else None


def checked_services(catalogue: Catalogue, names: tuple[str, ...]) -> tuple[str, ...]:
    """The services named, all of the catalogue where none is. Raises Refusal with the nearest names."""
    for name in names:
        catalogue.service(name)
    return tuple(dict.fromkeys(names)) or tuple(sorted(catalogue.services))


def checked_pins(catalogue: Catalogue, pins: Mapping[str, str]) -> dict[str, str]:
    """Pins that some service has. Raises Refusal with the nearest names."""
    known = {name for service in catalogue.services.values() for name in service.pins}
    for name in pins:
        if name not in known:
            raise unknown("pin", name, known)
    return dict(pins)

"""The probe's config file (TOML), as frozen types. Read once; unknown keys are refused with the nearest
names.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from wallwatch import config
from wallwatch.catalog import Catalogue
from wallwatch.vantage.settings import (
    HOUR,
    UNKNOWN_COUNTRY,
    UNKNOWN_NETWORK,
    CanaryPages,
    Patience,
    Place,
    checked,
    checked_pins,
    checked_services,
    place_of,
)


class ProbeSection(Struct, frozen=True, kw_only=True):
    """[probe]. Everything but the id may be left out."""

    id: str
    cc: str = UNKNOWN_COUNTRY
    asn: int = UNKNOWN_NETWORK
    network_name: str = ""
    resolver_asn: int = UNKNOWN_NETWORK
    access_type: str | None = None
    services: tuple[str, ...] = ()  # none named: all of the catalogue
    home: str = ""  # where consent and unsent measurements are kept; "": the user's application folder
    consent: bool = False
    control: str | None = None  # URL; None: without a control little can be said
    collector: str | None = None  # URL; None: measurements stay in the home's spool
    seconds_between_rounds: float = HOUR


class ProbeConfig(Struct, frozen=True, kw_only=True):
    """The whole file."""

    probe: ProbeSection
    network: Patience = Patience()
    canaries: CanaryPages = CanaryPages()
    pins: dict[str, str] = {}

    @property
    def place(self) -> Place:
        """The part of it that measurements name."""
        return place_of(self.probe)


def read_probe(path: Path, catalogue: Catalogue) -> ProbeConfig:
    """Read and check. Raises Refusal."""
    read = config.read(path, ProbeConfig)
    checked(read.place)
    checked_services(catalogue, read.probe.services)
    checked_pins(catalogue, read.pins)
    return read

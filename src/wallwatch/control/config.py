"""The control's config file (TOML), as frozen types. Read once; unknown keys are refused with the nearest
names.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from msgspec import Struct, structs

from wallwatch import config
from wallwatch.catalog import Catalogue
from wallwatch.net.seam import Endpoint
from wallwatch.refusal import Refusal
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

DEFAULT_LISTEN = "127.0.0.1:8790"


class ControlSection(Struct, frozen=True, kw_only=True):
    """[control]."""

    id: str
    cc: str = UNKNOWN_COUNTRY
    asn: int = UNKNOWN_NETWORK
    network_name: str = ""
    resolver_asn: int = UNKNOWN_NETWORK
    access_type: str | None = None
    listen: str = DEFAULT_LISTEN
    services: tuple[str, ...] = ()
    collector: str | None = None
    home: str = ""  # where unsent measurements are kept; "": the user's application folder
    # Addresses that no watched service runs; `wallwatch control --twins-only` there
    twins: tuple[str, ...] = ()
    twin_ports: tuple[int, ...] = (443, 5222)
    seconds_between_rounds: float = HOUR


class ControlConfig(Struct, frozen=True, kw_only=True):
    """The whole file."""

    control: ControlSection
    network: Patience = Patience()
    canaries: CanaryPages = CanaryPages()
    pins: dict[str, str] = {}

    @property
    def place(self) -> Place:
        """The part of it that measurements name."""
        return place_of(self.control)

    @property
    def twin_endpoints(self) -> tuple[Endpoint, ...]:
        """Every address with every port."""
        return tuple(
            Endpoint(address, port) for port in self.control.twin_ports for address in self.control.twins
        )


def read_control(path: Path, catalogue: Catalogue) -> ControlConfig:
    """Read and check. Raises Refusal."""
    read = config.read(path, ControlConfig)
    checked(read.place)
    checked_services(catalogue, read.control.services)
    checked_pins(catalogue, read.pins)
    listen_endpoint(read.control.listen)
    for twin in read.control.twins:
        literal(twin, "twins")
    for port in read.control.twin_ports:
        port_number(port, "twin_ports")
    return read


def with_twins(config: ControlConfig, twins: tuple[str, ...]) -> ControlConfig:
    """The config with these twins, if any, in place of its own. Raises Refusal."""
    if not twins:
        return config
    literals = tuple(literal(twin, "--twin") for twin in twins)
    return structs.replace(config, control=structs.replace(config.control, twins=literals))


def listen_endpoint(text: str) -> Endpoint:
    """`127.0.0.1:8790`, `[::1]:8790`. Raises Refusal."""
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise Refusal(f"listen = {text!r}: an address and a port, such as {DEFAULT_LISTEN}")
    return Endpoint(literal(host.strip("[]"), "listen"), port_number(int(port), "listen"))


def literal(text: str, setting: str) -> str:
    """An address literal. Raises Refusal."""
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise Refusal(f"{setting}: {error}") from error


def port_number(port: int, setting: str) -> int:
    """A port that can be used. Raises Refusal."""
    if not 0 < port < 65536:
        raise Refusal(f"{setting}: {port} is no port (1 to 65535)")
    return port

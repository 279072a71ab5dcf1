"""What the programs in the lab's hosts are told: their config files, made of a scenario. Starts nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from itertools import islice
from pathlib import Path

from msgspec import Struct

from wallwatch.lab.scenario import Host, Scenario

COLLECTOR_PORT = 8788
CONTROL_PORT = 8790
TWIN_PORTS = (443, 5222)  # those of the services whose bytes the twins are sent
MOST_TWINS = 64  # addresses; a trial's every arm wants an endpoint that no trigger went to within 180 s

# Seconds. Round trips in the lab are at most 66 ms; a lost segment is sent again in 0.2 s, a SYN in 1 s.
# A blocked round is made of such waits: these keep it at 2.4 s.
TIMEOUTS = {"resolve_timeout": 0.7, "connect_timeout": 1.2, "handshake_timeout": 1.2, "read_timeout": 0.8}
RESIDUAL_REST = 210.0  # seconds of scenario time between two uses of an endpoint: 180 s and a margin
WHATSAPP_PIN = "whatsapp_noise_root"  # what the catalogue calls it

Toml = str | int | float | bool | Sequence[str] | Sequence[int]


class Whereabouts(Struct, frozen=True, kw_only=True):
    """What a program's settings depend on, besides its host."""

    services: tuple[str, ...]  # to be watched; none: all that the programs know
    noise_root: str  # hex, public
    homes: Path  # each program gets a folder of its own below it


def probe_settings(scenario: Scenario, host: Host, whereabouts: Whereabouts) -> str:
    """probe.toml. Raises KeyError where the scenario has no station; without a control host it names none."""
    controls = [other for other in scenario.hosts if other.role == "control"]
    section: dict[str, Toml] = {
        **_place(scenario, host),
        "services": list(whereabouts.services),
        "home": str(whereabouts.homes / host.name),
        "consent": True,
        "collector": collector_url(scenario),
    }
    if controls:
        section["control"] = f"http://{at(controls[0], CONTROL_PORT)}"
    return _toml({"probe": section, **_shared(scenario, whereabouts)})


def control_settings(scenario: Scenario, host: Host, whereabouts: Whereabouts) -> str:
    """control.toml, for the control vantage and, with `--twins-only`, for the host of its twins."""
    section: dict[str, Toml] = {
        **_place(scenario, host),
        "listen": at(host, CONTROL_PORT),
        "services": list(whereabouts.services),
        "home": str(whereabouts.homes / host.name),
        "collector": collector_url(scenario),
        "twins": twins(scenario),
        "twin_ports": TWIN_PORTS,
    }
    return _toml({"control": section, **_shared(scenario, whereabouts)})


def collector_url(scenario: Scenario) -> str:
    """Where measurements are handed in. Raises KeyError where there is no station."""
    return f"http://{at(station_of(scenario), COLLECTOR_PORT)}"


def station_of(scenario: Scenario) -> Host:
    """Raises KeyError where there is none."""
    for host in scenario.hosts:
        if host.role == "station":
            return host
    raise KeyError("station")


def at(host: Host, port: int) -> str:
    """`51.75.60.10:8788`, or `[2001:db8::1]:8788` where the host has no IPv4."""
    address = host.addresses[0]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def twins(scenario: Scenario) -> list[str]:
    """Neutral addresses: those of the twin hosts' prefixes, or their own where they have none."""
    found: list[str] = []
    for host in scenario.hosts:
        if host.role == "twin":
            spread = [str(a) for prefix in host.prefixes for a in islice(ip_network(prefix), MOST_TWINS)]
            found += spread or host.addresses
    return found[:MOST_TWINS]


def knows_name(scenario: Scenario, name: str) -> bool:
    """Whether any resolver of the scenario has an address for it: whether the lab has that service at all."""
    zones = (host.services.get("resolver", {}).get("zone", {}) for host in scenario.hosts)
    return any(name in zone for zone in zones)


def _place(scenario: Scenario, host: Host) -> dict[str, Toml]:
    network = scenario.network(host.network)
    section: dict[str, Toml] = {
        "id": host.name,
        "cc": network.cc,
        "asn": network.asn,
        "network_name": network.title,
    }
    if host.resolver is not None:
        section["resolver_asn"] = scenario.network(scenario.host(host.resolver).network).asn
    return section


def _shared(scenario: Scenario, whereabouts: Whereabouts) -> dict[str, Mapping[str, Toml]]:
    pace = RESIDUAL_REST / scenario.time.scale
    return {"network": {**TIMEOUTS, "pace_seconds": pace}, "pins": {WHATSAPP_PIN: whereabouts.noise_root}}


def _toml(sections: Mapping[str, Mapping[str, Toml]]) -> str:
    """TOML of one level. Strings, numbers, booleans and flat lists are written alike in JSON and TOML 1.0."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in section.items())
        for name, section in sections.items()
    )

"""What the router is started with. Apart from the router itself, so that init need not import all of it."""

from __future__ import annotations

from msgspec import Struct

from wallwatch.lab.scenario import Scenario


class Port(Struct, frozen=True):
    """Where a host's cable ends at the router."""

    host: str
    interface: str
    mac: bytes  # of the host's end


class RouterConfig(Struct, frozen=True):
    """What the router is started with. Ports stand in the order of the scenario's hosts."""

    scenario: Scenario
    seed: int
    ports: list[Port]
    truth: int  # descriptor

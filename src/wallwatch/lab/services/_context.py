"""What a test double is given, and what it gives back. The doubles themselves are the modules beside this."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec import Struct

# What every double can be switched to while it runs. A double may know further ones.
OK = "ok"
DOWN = "down"  # the sockets are closed: connections are refused, datagrams earn a port unreachable
SILENT = "silent"  # connections are accepted, nothing is ever answered
ERROR = "error"  # the lower layers work, the service does not: HTTP 503, SERVFAIL, end of stream
RESET = "reset"  # TCP only: RST as soon as the client has said something
COMMON_MODES = (OK, DOWN, SILENT, ERROR)


class ServiceContext(Struct, frozen=True, kw_only=True):
    """What a host offers its doubles, and the options of the one that is served."""

    addresses: tuple[str, ...]  # the host's own, v4 and v6; a double's options may name further ones
    options: Mapping[str, Any] = {}  # from the scenario, decoded by the double; set by `run_services`
    certificate: str = ""  # PEM file: the host's leaf for its names, then intermediates; "" if it has none
    key: str = ""  # PEM file of the leaf's private key; "" if it has none
    noise_root_private: str = ""  # hex, X25519: signs the chain of WhatsApp's double; "" if it is not served
    noise_static_private: str = ""  # hex, X25519: the static key of WhatsApp's double
    valid_from: datetime = datetime(2000, 1, 1, tzinfo=UTC)  # of the chain that the Noise root signs
    valid_until: datetime = datetime(2100, 1, 1, tzinfo=UTC)
    seed: int = 0  # the lab's; generated content follows from it


class Running(Protocol):
    """A double at work."""

    @property
    def endpoints(self) -> tuple[tuple[str, int], ...]:
        """The (address, port) pairs it serves, in the order of its doors; while it is down, those it had."""

    @property
    def mode(self) -> str:
        """The mode it is in."""

    async def set_mode(self, mode: str) -> None:
        """Switch; open connections are reset. ValueError naming the known modes for an unknown one."""

    async def close(self) -> None:
        """Close everything. Twice is fine."""


class Service(Protocol):
    """What a module of this folder defines as `SERVICE`."""

    @property
    def name(self) -> str:
        """The module's name, as scenarios write it."""

    @property
    def summary(self) -> str:
        """One sentence: what it imitates."""

    @property
    def options(self) -> type[Struct]:
        """A frozen Struct that forbids unknown fields; scenarios are checked against it."""

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes it can be switched to."""

    async def serve(self, context: ServiceContext) -> Running:
        """Bind and answer. OSError where an address cannot be bound, ValueError where options are wrong."""

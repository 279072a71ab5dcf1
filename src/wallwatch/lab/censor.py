"""The joint between the router and the censors: what a censor is told of a packet, and what it may answer.

A censor is one module of `lab/censors/` that defines `CENSOR`, a `CensorKind`. The router makes one instance
a site and stage, hands it each packet that passes the site, and carries out the `Action`. It holds no packets
and knows no network; state about flows lives in the instance and dies in `leap()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from wallwatch.wire.packet import Packet

Direction: TypeAlias = Literal["outbound", "inbound"]  # from the censored side: clients send outbound
Side: TypeAlias = Literal["client", "server"]  # inside the censored side, or outside it


class Injection(Struct, frozen=True):
    """A packet that the censor makes up. It enters the path at the censor's hop."""

    packet: bytes  # a whole IP packet, v4 or v6, checksums right (or wrong, on purpose)
    towards: Side  # which way it travels; its addresses need not agree
    delay: float = 0.0  # real seconds after the packet that caused it


class Decision(Struct, frozen=True, kw_only=True):
    """A line of the ground truth: a censor acted, or could have and declined (sampling, residual over)."""

    acted: bool
    reason: str  # for people, and for scoring: why it acted or declined
    mechanism: str = ""  # a path of model/mechanism.py, "" where it declined
    details: dict[str, str] = {}  # what it saw: the server name, the first bytes in hex, ...


class Action(Struct, frozen=True, kw_only=True):
    """What becomes of a packet. The flow's 5-tuple is added to the decision by the router."""

    forward: bool = True  # False: swallow it; only a censor that is in the path (`in_path`) may
    delay: float = 0.0  # hold it for that many real seconds (shaping); only in the path
    inject: tuple[Injection, ...] = ()
    decision: Decision | None = None  # None: there was nothing to decide about this packet


PASS = Action()  # nothing to see; return this very object, it costs nothing


class Randomness(Protocol):
    """Chance that repeats: keyed by the lab's seed, the censor, the flow and the packet's number in it."""

    def random(self) -> float:
        """In [0, 1)."""

    def uniform(self, low: float, high: float) -> float:
        """In [low, high)."""

    def randrange(self, stop: int) -> int:
        """In [0, stop)."""

    def bytes(self, count: int) -> bytes:
        """That many."""


class Censor(Protocol):
    """A middlebox at one site. Not shared between threads or processes."""

    @property
    def in_path(self) -> bool:
        """True: packets go through it, so it may drop and hold. False: it sees a copy and can only inject."""

    def on_packet(self, packet: Packet, direction: Direction, now: float, random: Randomness) -> Action:
        """Look at one packet, in the order they pass.

        `packet`: parsed lazily by the router, only for censors. `now`: seconds of scenario time (POSIX; the
        scenario's instant plus `time.scale` times the real seconds since), never going back except at a leap.
        An exception is a bug: the router counts and logs it and forwards the packet.
        """

    def leap(self) -> None:
        """Scenario time jumped to another instant: forget flows and residual blocks."""


class CensorKind(Struct, frozen=True, kw_only=True):
    """What a module of `lab/censors/` defines as `CENSOR`."""

    name: str  # the module's, as scenarios write it
    summary: str  # one sentence: what it does to which packets
    source: str  # the paper or record that it is built after
    mechanisms: tuple[str, ...]  # paths of model/mechanism.py that it can show
    options: type[Struct]  # frozen, forbid_unknown_fields; decoded from the scenario's stage
    make: Callable[[Any], Censor]  # an instance from decoded options

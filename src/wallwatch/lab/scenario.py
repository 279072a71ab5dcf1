"""Scenario files: the lab's topology, its timeline and the truth about it, as frozen types.

A scenario is one TOML file of `lab/scenarios/`. This module says what may stand in it. Reading and checking
one is `lab/scenario_file.py`; nothing here touches the network or the disk.

    name = "example"                      # the file's name without .toml
    title = "..."    source = "..."    summary = "..."
    time.scale = 300.0                    # scenario seconds a real second, for the censors' timers only

    [[networks]]                          # networks of one region share paths
    name = "telecom"   asn = 4134   cc = "CN"   title = "China Telecom"   region = "china"

    [[hosts]]
    name = "probe-4134"   network = "telecom"   role = "probe"   resolver = "dns-4134"
    addresses = ["101.95.0.10", "240e:1::10"]       # at most one of each family; more go under prefixes
    prefixes = ["157.240.0.0/24"]                   # every address of these is answered by this host too
    certificates = ["*.whatsapp.net"]               # names for which the lab's authority gives it a leaf
    services.whatsapp = { ... }                     # test double -> its options (lab/services)

    [[paths]]
    between = ["china", "abroad"]         # networks or regions; the first is the inside of its sites
    delay_ms = 30.0   loss = 0.0   rate_kbps = 0.0
    hops = ["202.97.1.1", ...]   hops6 = ["240e::1", ...]
    sites = [{ name = "border", hop = 4 }]

    [[stages]]
    name = "media"   from = 2017-07-18T00:00:00Z
    censors = [{ kind = "sni_reset", at = ["border"], options = { names = ["mmg.whatsapp.net"] } }]
    modes = { whatsapp = "down" }   offline = ["probe-9808"]

    rounds = [2017-07-17T02:00:00Z, ...]

    [[truth]]
    kind = "block"  service = "whatsapp"  functions = ["media"]  asns = [4134]  mechanism = "tls.reset.sni"
    onset = 2017-07-18T00:00:00Z   end = 2017-07-25T00:00:00Z
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

Role: TypeAlias = Literal["probe", "control", "twin", "server", "resolver", "station", "client"]


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all tables of a scenario file have in common: unknown keys do not pass."""


class Time(_Entry, frozen=True, kw_only=True):
    """How scenario time runs for the censors while a round lasts."""

    scale: float = 1.0  # scenario seconds a real second


class Network(_Entry, frozen=True, kw_only=True):
    """An autonomous system."""

    name: str
    asn: int
    cc: str  # upper case
    title: str  # what people call it
    region: str  # networks of one region share the paths written for it


class Host(_Entry, frozen=True, kw_only=True):
    """A machine: a network namespace with one interface."""

    name: str
    network: str
    role: Role
    addresses: list[str]  # at most one v4 and one v6; packets it sends come from these
    prefixes: list[str] = []  # it answers for all addresses of these as well (AnyIP)
    resolver: str | None = None  # a host's name; None: it has no DNS
    services: dict[str, dict[str, Any]] = {}  # test double -> options, decoded by the double
    certificates: list[str] = []  # DNS names, wildcards allowed


class Site(_Entry, frozen=True, kw_only=True):
    """A place in a path where a censor may stand. The same name on several paths is the same box."""

    name: str
    hop: int  # 1 ... number of hops; the censor sees what this hop sees


class Path(_Entry, frozen=True, kw_only=True):
    """The way between two networks or regions, the same in both directions.

    The path of two networks wins over one of a network and a region, and that over one of two regions.
    """

    between: tuple[str, str]  # network or region names; the first is the censored (inside) end of its sites
    delay_ms: float  # one way
    loss: float = 0.0  # share of packets, each direction
    rate_kbps: float = 0.0  # 0: unlimited; each direction has its own queue
    queue_ms: float = 300.0  # how much may wait for the rate before packets are dropped
    hops: list[str] = []  # v4 addresses of the routers, inside end first
    hops6: list[str] = []  # the same routers' v6 addresses; as many as `hops`, or none
    sites: list[Site] = []


class StageCensor(_Entry, frozen=True, kw_only=True):
    """A censor at work."""

    kind: str  # a module of lab/censors
    at: list[str]  # names of sites; one instance each
    options: dict[str, Any] = {}  # decoded into the kind's options


class Stage(_Entry, frozen=True, kw_only=True):
    """What is in force from an instant until the next stage. Complete: nothing is inherited."""

    name: str
    since: datetime = field(name="from")
    censors: list[StageCensor] = []
    # Test double, or "double@host" for one host's alone -> mode ("down", ...); absent: it works.
    modes: dict[str, str] = {}
    offline: list[str] = []  # hosts whose cable is pulled


class Truth(_Entry, frozen=True, kw_only=True):
    """An incident that must be found. What is not listed must not."""

    kind: str  # model/incident.py
    service: str
    functions: list[str]
    cc: str = ""  # "": that of the networks
    asns: list[int] = []
    onset: datetime
    end: datetime | None = None  # None: it lasts beyond the scenario
    mechanism: str = ""  # "" for kinds without one
    notes: str = ""


class Quiet(_Entry, frozen=True, kw_only=True):
    """A probe that is silent for a while: no incident, but a note."""

    host: str
    since: datetime = field(name="from")
    until: datetime
    notes: str = ""


class Scenario(_Entry, frozen=True, kw_only=True):
    """A whole scenario file. Build it by `scenario_file.load`, which also checks what refers to what."""

    name: str
    title: str
    source: str
    summary: str
    kind: Literal["mechanism", "trap", "scenario"] = "scenario"
    time: Time = Time()
    networks: list[Network]
    hosts: list[Host]
    paths: list[Path] = []
    stages: list[Stage] = []
    rounds: list[datetime] = []
    truth: list[Truth] = []
    quiet: list[Quiet] = []
    notes: str = ""

    def host(self, name: str) -> Host:
        """Raises KeyError."""
        return next((host for host in self.hosts if host.name == name), None) or _missing(name)

    def network(self, name: str) -> Network:
        """Raises KeyError."""
        return next((network for network in self.networks if network.name == name), None) or _missing(name)

    def stage_at(self, instant: datetime) -> Stage:
        """The stage in force; before the first one nothing is."""
        index = bisect_right([stage.since for stage in self.stages], instant)
        return self.stages[index - 1] if index else Stage(name="before", since=instant)

    def site_names(self) -> list[str]:
        """Of all paths, sorted, each once."""
        return sorted({site.name for path in self.paths for site in path.sites})


def _missing(name: str) -> Any:
    raise KeyError(name)

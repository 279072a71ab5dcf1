"""The types of the catalogue's files. Every fact has a source and a date; what nobody checked says so."""

from __future__ import annotations

import datetime
from enum import StrEnum

from msgspec import Struct

from wallwatch.model.outcome import Function


class Pool(StrEnum):
    """Whether a function works when one of its endpoints does, or only when all do."""

    ANY_OF = "any_of"
    ALL_OF = "all_of"


class Transport(StrEnum):
    """What carries the protocol."""

    TCP = "tcp"
    TLS = "tls"
    WEBSOCKET = "websocket"  # TLS, then a WebSocket


class Pin(Struct, frozen=True, kw_only=True):
    """A public key by which the real service is recognised."""

    kind: str  # "xeddsa_root": the 32-byte Curve25519 root of WhatsApp's certificate chain
    key: str  # hex
    source: str
    date: datetime.date


class Endpoint(Struct, frozen=True, kw_only=True):
    """A name (or an address literal) and a port. `unverified`: nobody has seen it answer; leads to unknown
    only.
    """

    host: str
    port: int
    unverified: bool = False


class FunctionEntry(Struct, frozen=True, kw_only=True):
    """How one function of a service is tried."""

    experiment: str  # a module of wallwatch.experiments
    pool: Pool
    endpoints: tuple[Endpoint, ...]
    transport: Transport
    wire_class: str  # docs/ontology.md
    trigger_family: str  # what the first flight would be recognised by: "noise", "sni"
    source: str
    date: datetime.date
    path: str | None = None  # of the request, or of the WebSocket; None where there is none
    origin: str | None = None  # the WebSocket's Origin header
    pin: str | None = None  # a name in the service's `pins`
    download_bytes: int = 0  # L5: how many bytes a ranged download must move; 0: no L5
    # The path is a guess: an answer that is no success proves L4, and nothing more
    path_unverified: bool = False


class Service(Struct, frozen=True, kw_only=True):
    """One service. `domestic_in`: countries in which it is the home team, and not blocked."""

    name: str
    title: str
    owner: str  # a name in owners.toml
    source: str
    date: datetime.date
    expires: datetime.date  # after this day its failures lead to unknown only
    functions: dict[Function, FunctionEntry]
    pins: dict[str, Pin] = {}
    domestic_in: tuple[str, ...] = ()


class Owner(Struct, frozen=True, kw_only=True):
    """Who runs services."""

    title: str
    cc: str
    source: str
    date: datetime.date


class Canary(Struct, frozen=True, kw_only=True):
    """A page that nobody blocks: that it can be had shows that the line works."""

    host: str
    source: str
    date: datetime.date
    port: int = 443
    path: str = "/"


class Canaries(Struct, frozen=True, kw_only=True):
    """What a vantage in one country looks at first. None: no such page is known there."""

    home: Canary | None = None
    abroad: Canary | None = None

"""What a probe contacts, how often and with which bytes: for the person who decides whether to run it. Sends
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from rich.table import Table

from wallwatch.catalog import Catalogue, Target, targets_of
from wallwatch.catalog.types import Transport
from wallwatch.model.significance import PAIRS_BUDGET
from wallwatch.probe.config import ProbeConfig
from wallwatch.probe.round import TRIES
from wallwatch.probe.trial import NEUTRAL_AT_SERVICE
from wallwatch.vantage.settings import checked_services, chosen_canaries


class Contact(Struct, frozen=True, kw_only=True):
    """One far end."""

    what: str
    host: str
    port: int | None  # None: in the URL
    how_often: str
    sends: str


def contacts(catalogue: Catalogue, config: ProbeConfig) -> list[Contact]:
    """All of them, in the order in which a round meets them."""
    probe = config.probe
    canaries = chosen_canaries(catalogue, probe.cc, config.canaries)
    every = f"once every {probe.seconds_between_rounds:g} s"
    found = [
        Contact(
            what=f"canary {name}",
            host=canary.host,
            port=canary.port,
            how_often=every,
            sends=https(canary.path),
        )
        for name, canary in (
            ("at home", canaries.home),
            ("abroad", canaries.abroad),
        )
        if canary is not None
    ]
    for name in checked_services(catalogue, probe.services):
        service = catalogue.service(name)
        for function in service.functions:
            found += [of_target(target, every) for target in targets_of(service, function, config.pins)]
    found += [
        Contact(what=what, host=url, port=None, how_often=often, sends=sends)
        for what, url, often, sends in (
            (
                "control",
                probe.control,
                "when something fails; its twins' list at most every 10 min",
                "which function failed",
            ),
            (
                "collector",
                probe.collector,
                every,
                "the measurements: country, AS, time, what happened; no address",
            ),
        )
        if url is not None
    ]
    if probe.control is not None:
        found.append(
            Contact(
                what="the control's twins",
                host="as the control says",
                port=None,
                how_often=f"only when something fails: at most {PAIRS_BUDGET} pairs of connections,"
                f" each address and port rests {config.network.pace_seconds:g} s",
                sends="the first bytes of what failed, and meaningless ones of the same length",
            )
        )
    return found


def of_target(target: Target, every: str) -> Contact:
    """One endpoint of a function."""
    further = (
        f"; when it fails, {TRIES} tries in all and {NEUTRAL_AT_SERVICE} connections with meaningless bytes"
    )
    return Contact(
        what=target.target_id,
        host=target.host,
        port=target.port,
        how_often=every + further,
        sends=bytes_of(target),
    )


def bytes_of(target: Target) -> str:
    """In words what the attempt sends."""
    if target.transport is Transport.TCP:
        return "43 bytes: 57 41 06 03 (WA), a length, a fresh key; nothing after the server's answer"
    if target.transport is Transport.WEBSOCKET:
        return f"TLS with the server name {target.host}, a WebSocket, in it WhatsApp's 43-byte hello"
    download = f", {target.download_bytes} bytes of a download" if target.download_bytes else ""
    return https(target.path or "/") + download


def https(path: str) -> str:
    """An ordinary request."""
    return f"HTTPS: GET {path}"


def as_lines(found: Iterable[Contact]) -> list[bytes]:
    """JSON."""
    return [msgspec.json.encode(contact) for contact in found]


def as_table(found: Iterable[Contact]) -> Table:
    """For a terminal."""
    table = Table(title="What this probe contacts", show_lines=True)
    for heading in ("what", "where", "how often", "what it sends"):
        table.add_column(heading, overflow="fold")
    for contact in found:
        where = contact.host if contact.port is None else f"{contact.host}:{contact.port}"
        table.add_row(contact.what, where, contact.how_often, contact.sends)
    return table

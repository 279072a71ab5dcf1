"""Ask the system's resolvers for a name, over UDP by ourselves, so that late and forged answers can be heard.

A getaddrinfo would drop every answer after the first. An answer is taken as it comes: whether it is
plausible is for the pipeline. A truncated answer is used as far as it goes (its record is
tagged `truncated`).
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from itertools import chain, cycle, islice

from msgspec import Struct

from wallwatch.model import failure as failures
from wallwatch.net import dns_record
from wallwatch.net.connection import Equipment
from wallwatch.net.dns_listener import Listener
from wallwatch.net.errors import failure_of
from wallwatch.net.failed import RESOLVE, Failed
from wallwatch.net.records import Query
from wallwatch.net.roots import address_of
from wallwatch.net.seam import Endpoint
from wallwatch.wire.dns import build_query

DNS_PORT = 53
TRIES = 2
KINDS = ("A", "AAAA")

# What another try cannot change.
SETTLED = frozenset({None, failures.DNS_NXDOMAIN, failures.DNS_NO_ANSWER})


class Wanted(Struct, frozen=True, kw_only=True):
    """One query to make."""

    host: str
    kind: str
    linger: float  # seconds to listen on after the first answer


async def resolve(equipment: Equipment, host: str, linger: float = 0.0) -> list[str]:
    """The addresses of a name, v4 before v6. Raises Failed(..., "resolve"), ValueError for no name."""
    if address_of(host) is not None:
        return [host]
    build_query(host, "A", 0)  # raises for what is no name, here rather than inside the group
    resolvers = equipment.net.resolvers()
    if not resolvers:
        return await _ask_system(equipment, host)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_ask(equipment, Wanted(host=host, kind=kind, linger=linger), resolvers))
            for kind in KINDS
        ]
    outcomes = [task.result() for task in tasks]
    addresses = list(chain.from_iterable(dns_record.addresses(outcome) for outcome in outcomes))
    if not addresses:
        raise Failed(_worst([outcome.failure for outcome in outcomes]), RESOLVE)
    return addresses


def _worst(found: list[str | None]) -> str:
    """What to say of a name without address: "no answer" of one kind tells less than another failure."""
    telling = [failure for failure in found if failure not in (None, failures.DNS_NO_ANSWER)]
    return telling[0] if telling and telling[0] is not None else failures.DNS_NO_ANSWER


async def _ask(equipment: Equipment, wanted: Wanted, resolvers: list[str]) -> Query:
    """Try up to twice, another resolver the second time where there is one; the last try's record."""
    for resolver in islice(cycle(resolvers), TRIES):
        outcome = await _try(equipment, wanted, Endpoint(resolver, DNS_PORT))
        if outcome.failure in SETTLED:
            break
    return outcome


async def _try(equipment: Equipment, wanted: Wanted, resolver: Endpoint) -> Query:
    """One query on a socket of its own; recorded."""
    trace, net = equipment.trace, equipment.net
    asked = dns_record.Asked(
        host=wanted.host, kind=wanted.kind, t0=trace.now(), transaction_id=trace.new_transaction()
    )
    query_id = int.from_bytes(net.random(2), "big")
    message = build_query(wanted.host, wanted.kind, query_id)
    try:
        datagrams = await net.open_udp(resolver)
    except OSError as error:
        name = dns_record.public_name(resolver, None)
        return _settle(equipment, dns_record.failed(asked, name, failure_of(error, RESOLVE), trace.now()))
    with closing(datagrams):
        listener = Listener(equipment, datagrams, asked, query_id)
        record = _settle(equipment, await _first(equipment, listener, message))
        if record.rcode is not None:
            await _linger(equipment, listener, wanted.linger)
    return record


async def _first(equipment: Equipment, listener: Listener, message: bytes) -> Query:
    """The record of the first answer that fits, or of why there is none."""
    try:
        await listener.send(message)
        heard = await listener.next_answer(equipment.clock.monotonic() + equipment.timeouts.resolve)
        failure = listener.why_nothing()
    except OSError as error:
        heard, failure = None, failure_of(error, RESOLVE)
    if heard is not None:
        return dns_record.answered(listener.asked, listener.resolver, heard)
    return dns_record.failed(listener.asked, listener.resolver, failure, equipment.trace.now())


async def _linger(equipment: Equipment, listener: Listener, seconds: float) -> None:
    """Record the answers that come after the first."""
    until = equipment.clock.monotonic() + seconds
    try:
        while heard := await listener.next_answer(until):
            late = dns_record.answered(listener.asked, listener.resolver, heard)
            equipment.trace.late_answers.append(late)
    except OSError:
        return  # the listener has recorded it; there is an answer already


def _settle(equipment: Equipment, record: Query) -> Query:
    equipment.trace.queries.append(record)
    return record


async def _ask_system(equipment: Equipment, host: str) -> list[str]:
    """By getaddrinfo, where the machine does not tell its resolvers."""
    trace = equipment.trace
    asked = dns_record.Asked(host=host, kind="ANY", t0=trace.now(), transaction_id=trace.new_transaction())
    try:
        async with equipment.clock.deadline(TRIES * equipment.timeouts.resolve):
            addresses = await equipment.net.getaddrinfo(host)
    except OSError as error:  # socket.gaierror and TimeoutError are
        failure = failure_of(error, RESOLVE)
        _settle(equipment, dns_record.failed(asked, None, failure, trace.now()))
        raise Failed(failure, RESOLVE) from error
    _settle(equipment, dns_record.by_system(asked, addresses, trace.now()))
    if not addresses:
        raise Failed(failures.DNS_NO_ANSWER, RESOLVE)
    return sorted(addresses, key=lambda address: ":" in address)

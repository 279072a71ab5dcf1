"""A DNS query and its answer as df-002 writes them."""

from __future__ import annotations

import base64

import dns.rcode
from msgspec import Struct

from wallwatch.model import failure as failures
from wallwatch.net.privacy import gives_away
from wallwatch.net.records import SCRUBBED, Answer, Query
from wallwatch.net.seam import Endpoint
from wallwatch.wire.dns import Record, Reply

_BY_RCODE = {
    "NOERROR": None,
    "NXDOMAIN": failures.DNS_NXDOMAIN,
    "REFUSED": failures.DNS_REFUSED,
}


class Asked(Struct, frozen=True, kw_only=True):
    """What was asked, and when it began."""

    host: str
    kind: str
    t0: float
    transaction_id: int


class Heard(Struct, frozen=True, kw_only=True):
    """A reply as it came."""

    reply: Reply
    raw: bytes
    at: float  # seconds since the measurement's start


def public_name(resolver: Endpoint, local: Endpoint | None) -> str:
    """How a record names a resolver: not at all where it sits in the probe's own (v6) household network.

    `local` None: the probe's own address is not known.
    """
    own = None if local is None else local.address
    return SCRUBBED if gives_away(resolver.address, own) else str(resolver)


def answered(asked: Asked, resolver: str, heard: Heard) -> Query:
    """The record of a reply, whatever it says."""
    reply = heard.reply
    return Query(
        engine="udp",
        hostname=asked.host,
        query_type=asked.kind,
        resolver_address=resolver,
        answers=tuple(filter(None, map(_answer, reply.answers))),
        failure=_failure(reply, asked.kind),
        rcode=int(dns.rcode.from_text(reply.rcode)),
        raw_response=base64.b64encode(heard.raw).decode("ascii"),
        t0=asked.t0,
        t=heard.at,
        transaction_id=asked.transaction_id,
        tags=("truncated",) if reply.truncated else (),
    )


def failed(asked: Asked, resolver: str | None, failure: str, at: float) -> Query:
    """The record of a query without a reply that fits; `resolver` None: the system's."""
    return Query(
        engine="getaddrinfo" if resolver is None else "udp",
        hostname=asked.host,
        query_type=asked.kind,
        resolver_address=resolver or "",
        answers=(),
        failure=failure,
        rcode=None,
        raw_response=None,
        t0=asked.t0,
        t=at,
        transaction_id=asked.transaction_id,
    )


def by_system(asked: Asked, found: list[str], at: float) -> Query:
    """The record of getaddrinfo's answer."""
    failure = None if found else failures.DNS_NO_ANSWER
    answers = tuple(_address(address, None) for address in found)
    return Query(
        engine="getaddrinfo",
        hostname=asked.host,
        query_type=asked.kind,
        resolver_address="",
        answers=answers,
        failure=failure,
        rcode=None,
        raw_response=None,
        t0=asked.t0,
        t=at,
        transaction_id=asked.transaction_id,
    )


def addresses(record: Query) -> list[str]:
    """The addresses of the kind that was asked for."""
    answers = record.answers if record.failure is None else ()
    found = [answer.ipv4 if record.query_type == "A" else answer.ipv6 for answer in answers]
    return [address for address in found if address is not None]


def _failure(reply: Reply, kind: str) -> str | None:
    failure = _BY_RCODE.get(reply.rcode, failures.DNS_SERVFAIL)
    if failure is None and not any(record.kind == kind for record in reply.answers):
        return failures.DNS_NO_ANSWER
    return failure


def _answer(record: Record) -> Answer | None:
    """None for a kind that df-002 has no place for."""
    if record.kind in ("A", "AAAA"):
        return _address(record.text, record.ttl)
    if record.kind == "CNAME":
        return Answer(answer_type="CNAME", ttl=record.ttl, hostname=record.text)
    return None


def _address(address: str, ttl: int | None) -> Answer:
    if ":" in address:
        return Answer(answer_type="AAAA", ttl=ttl, ipv6=address)
    return Answer(answer_type="A", ttl=ttl, ipv4=address)

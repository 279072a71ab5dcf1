"""DNS messages as values: a query's question, a reply's answers, replies made from a query. Over dnspython.

No EDNS option, DNSSEC record or zone transfer is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from msgspec import Struct

# All that 250,000 mutated messages made dnspython 2.9 raise were its own.
_PARSER_ERRORS = (dns.exception.DNSException, ValueError)


class Question(Struct, frozen=True):
    """What a message asks."""

    id: int
    name: str  # as sent, letter case kept, without the final dot; "" is the root
    kind: str  # "A", "AAAA", "HTTPS", "TYPE65280" ...


class Record(Struct, frozen=True):
    """One record of an answer."""

    name: str  # without the final dot
    kind: str
    ttl: int  # seconds
    text: str  # the data as in a zone file: an address, a name with its final dot ...


class Reply(Struct, frozen=True, kw_only=True):
    """What a message answers."""

    id: int
    question: Question | None  # None: the reply repeats no question
    rcode: str  # "NOERROR", "NXDOMAIN" ...
    authoritative: bool
    truncated: bool  # ask again over TCP
    recursion_available: bool
    answers: tuple[Record, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        """The answer's A and AAAA records, in order."""
        return tuple(record.text for record in self.answers if record.kind in ("A", "AAAA"))


def build_query(name: str, kind: str, query_id: int) -> bytes:
    """A query with recursion desired and no EDNS. ValueError if the name or the kind is none."""
    try:
        query = dns.message.make_query(name, kind, use_edns=False, id=query_id)
        return query.to_wire()
    except (dns.exception.DNSException, ValueError, UnicodeError) as error:
        raise ValueError(f"no query can ask {kind} of {name!r}: {error}") from None


def parse_question(message: bytes) -> Question:
    """The one question of a query. ValueError for a reply, another opcode, or not exactly one question."""
    parsed = _parse(message)
    if parsed.flags & dns.flags.QR or parsed.opcode() != dns.opcode.QUERY or len(parsed.question) != 1:
        raise ValueError("not a query with one question")
    return _question(parsed)


def parse_reply(message: bytes) -> Reply:
    """A reply. ValueError if it is malformed or a query."""
    parsed = _parse(message)
    if not parsed.flags & dns.flags.QR:
        raise ValueError("a query, not a reply")
    return Reply(
        id=parsed.id,
        question=_question(parsed) if parsed.question else None,
        rcode=dns.rcode.to_text(parsed.rcode()),
        authoritative=bool(parsed.flags & dns.flags.AA),
        truncated=bool(parsed.flags & dns.flags.TC),
        recursion_available=bool(parsed.flags & dns.flags.RA),
        answers=_records(parsed.answer),
    )


def build_answer(query: bytes, addresses: Sequence[str], ttl: int = 60, rcode: str = "NOERROR") -> bytes:
    """A reply to `query` with these addresses, v4 as A and v6 as AAAA, whatever was asked.

    An honest server hands in the addresses of the kind asked; a forger need not. ValueError if `query` is no
    query or an address no address.
    """
    request = _parse(query)
    if request.flags & dns.flags.QR or not request.question:
        raise ValueError("not a query with a question")
    reply = dns.message.make_response(request, recursion_available=True)
    reply.set_rcode(dns.rcode.from_text(rcode))
    name = request.question[0].name
    for address in addresses:
        kind = "A" if ip_address(address).version == 4 else "AAAA"
        reply.answer.append(dns.rrset.from_text(name, ttl, "IN", kind, address))
    return reply.to_wire(max_size=65535)


def _parse(message: bytes) -> dns.message.Message:
    try:
        return dns.message.from_wire(message)
    except _PARSER_ERRORS as error:
        raise ValueError(f"not a DNS message: {error}") from None


def _question(message: dns.message.Message) -> Question:
    asked = message.question[0]
    return Question(message.id, _text(asked.name), dns.rdatatype.to_text(asked.rdtype))


def _records(answer: Iterable[dns.rrset.RRset]) -> tuple[Record, ...]:
    found = []
    for rrset in answer:
        name, kind = _text(rrset.name), dns.rdatatype.to_text(rrset.rdtype)
        found += [Record(name, kind, rrset.ttl, data.to_text()) for data in rrset]
    return tuple(found)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True) if name != dns.name.root else ""

"""Answers DNS queries before the resolver can, from beside the path, as the GFW's injectors do.

After "Triplet Censors" (Anonymous et al., FOCI 2020) and Bhaskar & Pearce (USENIX Security 2022): any UDP
query to port 53 for a listed name draws up to three forged answers with unlike header signatures, also where
no resolver listens at its address; the true answer follows. No residual block. DNS over TCP is left alone.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal

from msgspec import Struct

from wallwatch.lab.censor import PASS, Action, Censor, CensorKind, Decision, Direction, Injection, Randomness
from wallwatch.lab.censors._scope import Names, Networks
from wallwatch.wire.dns import Question, build_answer, parse_question
from wallwatch.wire.packet import IpHeader, Packet, build_udp

BOGON, OTHER = "dns.injection.bogon", "dns.injection.other"
PORT = 53
SPREAD = 0.0002  # seconds between the three, which sit side by side
AUTHORITATIVE_BYTE, AUTHORITATIVE_BIT = 2, 0x04  # RFC 1035 section 4.1.1


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a scenario may say."""

    names: tuple[str, ...]  # exact, *.under or *substring*
    addresses: tuple[str, ...]  # the pool of lies, v4 for A and v6 for AAAA; each answer draws one
    clients: tuple[str, ...] = ()  # networks; none: all
    injectors: tuple[Literal[1, 2, 3], ...] = (1, 2, 3)
    both_directions: bool = False  # also answer queries that come in from outside, as the GFW does
    latency: float = 0.003  # real seconds to react; never later than twice that


class DnsForge:
    """A list of names; it remembers nothing."""

    in_path = False

    def __init__(self, options: Options) -> None:
        self._options = options
        self._names = Names(options.names)
        self._clients = Networks(options.clients)
        self._pools = {
            "A": [address for address in options.addresses if ip_address(address).version == 4],
            "AAAA": [address for address in options.addresses if ip_address(address).version == 6],
        }

    def on_packet(self, packet: Packet, direction: Direction, now: float, random: Randomness) -> Action:
        """Forge answers to listed queries."""
        if not packet.is_udp or packet.dport != PORT:
            return PASS
        if direction == "inbound" and not self._options.both_directions:
            return PASS
        try:
            question = parse_question(packet.payload)
        except ValueError:
            return PASS
        pool = self._pools.get(question.kind)
        pattern = self._names.matching(question.name)
        if not pool or pattern is None or packet.src not in self._clients:
            return PASS
        return self._forge(packet, direction, question, pattern, pool, random)

    def leap(self) -> None:
        """Nothing to forget."""

    def _forge(
        self,
        packet: Packet,
        direction: Direction,
        question: Question,
        pattern: str,
        pool: list[str],
        random: Randomness,
    ) -> Action:
        delay = self._options.latency * (1.0 + random.random())
        lies = [pool[random.randrange(len(pool))] for _ in self._options.injectors]
        injections = tuple(
            Injection(
                _answer(kind, packet, lie, random),
                "client" if direction == "outbound" else "server",
                delay + SPREAD * place,
            )
            for place, (kind, lie) in enumerate(zip(self._options.injectors, lies, strict=True))
        )
        mechanism = OTHER if any(ip_address(lie).is_global for lie in lies) else BOGON
        saw = {"name": question.name, "kind": question.kind, "pattern": pattern, "answers": " ".join(lies)}
        decision = Decision(acted=True, reason="listed name", mechanism=mechanism, details=saw)
        return Action(inject=injections, decision=decision)


def _answer(injector: int, query: Packet, address: str, random: Randomness) -> bytes:
    """One forged packet, with the header of that injector (Triplet Censors, FOCI 2020)."""
    message = bytearray(build_answer(query.payload, [address], ttl=60 if injector == 1 else 90))
    if injector == 1:
        message[AUTHORITATIVE_BYTE] |= AUTHORITATIVE_BIT
    ip = IpHeader(
        src=query.dst,
        dst=query.src,
        ttl={1: 64, 2: 40 + random.randrange(200), 3: query.ttl}[injector],
        ip_id=0 if injector == 3 else random.randrange(65536),
        df=injector == 2,
    )
    return build_udp(ip, PORT, query.sport, bytes(message))


def make(options: Options) -> Censor:
    """Raises ValueError for what is no address."""
    return DnsForge(options)


CENSOR = CensorKind(
    name="dns_forge",
    summary="forges up to three answers to DNS queries over UDP for listed names; the true one still comes",
    source="Anonymous et al., Triplet Censors: Demystifying Great Firewall's DNS Censorship, FOCI 2020",
    mechanisms=(OTHER, BOGON),
    options=Options,
    make=make,
)

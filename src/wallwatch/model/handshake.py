"""`x_handshakes[]`: one attempt at one function of one service, the fact our own measurements add to OONI's.

A trial's attempts are entries like any other, told apart by
`trial`. Nothing here says "blocked".
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from msgspec import Struct


class Rung(IntEnum):
    """How far an attempt came (docs/ontology.md). The entry carries the highest rung reached."""

    NOTHING = -1  # not even a name resolved
    RESOLVED = 0  # L0: the name resolved, or the address is a literal
    CONNECTED = 1  # L1: TCP established (or UDP sent)
    ANSWERED = 2  # L2: a byte came back after the first flight
    PARSED = 3  # L3: the reply parses as the protocol
    AUTHENTICATED = 4  # L4: the reply is authentic (pin, WebPKI)
    SUSTAINED = 5  # L5: further exchanges or at least 32 KiB moved


class Payload(StrEnum):
    """What a trial sends: the bytes under suspicion, or innocent ones of the same length."""

    TRIGGER = "trigger"
    NEUTRAL = "neutral"


class Address(StrEnum):
    """Where a trial sends it: the service's own endpoint, or a twin that the service does not run."""

    SERVICE = "service"
    NEUTRAL = "neutral"


class Arm(Struct, frozen=True, kw_only=True):
    """One arm of the two-by-two experiment."""

    payload: Payload
    address: Address


class Trial(Struct, frozen=True, kw_only=True):
    """To which trial an attempt belongs. The control's attempts carry the same id as the probe's."""

    id: str
    arm: Arm
    attempt: int  # 0, 1, 2 ... within the arm


class Auth(Struct, frozen=True, kw_only=True):
    """How the far end was authenticated."""

    method: str  # "noise_cert_chain", "webpki", "pinned_root", "echo_digest"
    key_id: str | None  # the root's or leaf's SHA-256 (hex), None where the method has none
    ok: bool


class Handshake(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One attempt, as recorded. Lengths in bytes, times in seconds since the measurement's start."""

    service: str
    function: str
    target_id: str  # "whatsapp/text"
    endpoint: str  # "203.0.113.7:443", "[2001:db8::1]:5222"; "" where no address was found
    hostname: str | None
    wire_class: str  # docs/ontology.md: "W2", "W5" ...
    trigger_family: str  # what the first flight would be recognised by: "sni", "noise", ...
    client_profile: str  # whose first flight this is: "whatsapp-web-6.3", "python-ssl"
    sent_len: int
    sent_prefix_hex: str  # at most 32 bytes
    t_first_reply: float | None  # None: nothing came back
    reply_len: int
    reply_prefix_hex: str  # at most 32 bytes
    bytes_moved: int  # application bytes received after the handshake
    rung: int
    auth: Auth | None  # None: authentication was not reached
    failure: str | None
    failed_operation: str | None  # resolve, connect, tls_handshake, verify, write, read, parse
    source_port: int | None
    t0: float
    t: float
    transaction_id: int
    catalogue_version: str
    unverified: bool = False  # rests on a fact the catalogue marks unverified: may lead to unknown only
    trial: Trial | None = None

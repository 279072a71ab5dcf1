"""WhatsApp's framing, Noise variant and certificates: both sides, a hand computation, and real captures."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.wire.captures import packets
from wallwatch.wire import protobuf, whatsapp, xeddsa
from wallwatch.wire.incomplete import Incomplete
from wallwatch.wire.noise import Initiator, NotAuthentic, Responder

ROOT = bytes(range(32))
STATIC = bytes(range(32, 64))
BEGIN, END = datetime(2017, 1, 1, tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC)
MIDDLE = datetime(2017, 9, 20, tzinfo=UTC)
KEYS = st.binary(min_size=32, max_size=32)


def public_of(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


CHAIN = whatsapp.issue_chain(ROOT, public_of(STATIC), BEGIN, END)


def shake(client_key: bytes, server_key: bytes, header: bytes = whatsapp.HEADER) -> tuple[Initiator, bytes]:
    """A client that has sent its hello, and the server's answer without its frame."""
    client = Initiator(header, client_key)
    flight = client.client_hello()
    opening = whatsapp.parse_opening(flight)
    (hello,) = whatsapp.FrameReader().feed(flight[opening.consumed :])
    answer = Responder(opening.header, STATIC, server_key).server_hello(hello, whatsapp.encode_chain(CHAIN))
    (message,) = whatsapp.FrameReader().feed(answer)
    return client, message


def test_the_first_flight_is_the_documented_one() -> None:
    flight = Initiator(whatsapp.HEADER, bytes(32)).client_hello()
    assert flight == bytes.fromhex("57410603 000024 1222 0a20") + public_of(bytes(32))
    assert len(flight) == 43


@settings(max_examples=20)
@given(KEYS, KEYS)
def test_the_server_proves_itself(client_key: bytes, server_key: bytes) -> None:
    client, message = shake(client_key, server_key)
    hello = client.read_server_hello(message)
    assert hello.static == public_of(STATIC)
    assert hello.certificate_chain == CHAIN
    whatsapp.verify_chain(hello.certificate_chain, hello.static, public_of(ROOT), MIDDLE)


def test_the_answer_computed_by_hand() -> None:
    """The whole exchange, step by step, with another HKDF than the code's."""
    client_key, server_key = bytes([1]) * 32, bytes([2]) * 32
    _, message = shake(client_key, server_key)
    server = whatsapp.decode_server_hello(message)

    def mix(chaining_key: bytes, shared: bytes) -> tuple[bytes, bytes]:
        secret = hmac.digest(chaining_key, shared, "sha256")
        first = hmac.digest(secret, b"\x01", "sha256")
        return first, hmac.digest(secret, first + b"\x02", "sha256")

    def agree(private: bytes, public: bytes) -> bytes:
        return X25519PrivateKey.from_private_bytes(private).exchange(
            X25519PublicKey.from_public_bytes(public)
        )

    name = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"
    digest = hashlib.sha256(name + whatsapp.HEADER).digest()
    digest = hashlib.sha256(digest + public_of(client_key)).digest()  # and no empty payload after it
    digest = hashlib.sha256(digest + server.ephemeral).digest()
    chaining_key, key = mix(name, agree(client_key, server.ephemeral))
    static = AESGCM(key).decrypt(bytes(12), server.static, digest)
    digest = hashlib.sha256(digest + server.static).digest()
    _, key = mix(chaining_key, agree(client_key, static))
    assert static == public_of(STATIC)
    assert AESGCM(key).decrypt(bytes(12), server.payload, digest) == whatsapp.encode_chain(CHAIN)


def test_another_prologue_is_another_handshake() -> None:
    client = Initiator(whatsapp.HEADER, bytes([1]) * 32)
    client.client_hello()
    _, message = shake(bytes([1]) * 32, bytes([2]) * 32, b"WA\x05\x02")
    with pytest.raises(NotAuthentic):
        client.read_server_hello(message)


@given(st.data())
@settings(max_examples=50)
def test_a_changed_answer_is_never_accepted(data: st.DataObject) -> None:
    client, message = shake(bytes([1]) * 32, bytes([2]) * 32)
    position = data.draw(st.integers(0, len(message) - 1))
    changed = message[:position] + bytes((message[position] ^ 1 << data.draw(st.integers(0, 7)),))
    with pytest.raises(ValueError, match=r"."):
        client.read_server_hello(changed + message[position + 1 :])


def test_an_answer_with_a_weak_point_is_refused() -> None:
    client = Initiator(whatsapp.HEADER, bytes([1]) * 32)
    client.client_hello()
    weak = whatsapp.ServerHello(bytes(32), bytes(48), bytes(100))
    with pytest.raises(ValueError, match=r"."):
        client.read_server_hello(whatsapp.encode_server_hello(weak))


def test_chain_round_trip() -> None:
    assert whatsapp.decode_chain(whatsapp.encode_chain(CHAIN)) == CHAIN


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"root_public": public_of(STATIC)}, "root did not sign"),
        ({"root_public": whatsapp.PRODUCTION_ROOT}, "root did not sign"),
        ({"static": public_of(ROOT)}, "another static key"),
        ({"at": BEGIN - timedelta(seconds=1)}, "not valid"),
        ({"at": END + timedelta(seconds=1)}, "not valid"),
        ({"chain": replace(CHAIN, leaf=CHAIN.intermediate)}, "did not sign the leaf"),
        ({"chain": replace(CHAIN, leaf=replace(CHAIN.leaf, signature=bytes(64)))}, "did not sign the leaf"),
        ({"chain": replace(CHAIN, intermediate=CHAIN.leaf)}, "root did not sign"),
        ({"chain": replace(CHAIN, leaf=replace(CHAIN.leaf, issuer_serial=7))}, "another intermediate"),
        (
            {"chain": replace(CHAIN, intermediate=replace(CHAIN.intermediate, issuer_serial=7))},
            "another root",
        ),
    ],
)
def test_a_chain_that_proves_nothing_is_refused(changes: dict[str, object], reason: str) -> None:
    good: dict[str, object] = {
        "chain": CHAIN,
        "static": public_of(STATIC),
        "root_public": public_of(ROOT),
        "at": MIDDLE,
    }
    whatsapp.verify_chain(**good)
    with pytest.raises(whatsapp.ChainRefused, match=reason):
        whatsapp.verify_chain(**good | changes)


def test_a_chain_holds_at_both_of_its_ends_and_needs_a_zone() -> None:
    for at in (BEGIN, END):
        whatsapp.verify_chain(CHAIN, public_of(STATIC), public_of(ROOT), at)
    with pytest.raises(ValueError, match="zone"):
        whatsapp.verify_chain(CHAIN, public_of(STATIC), public_of(ROOT), MIDDLE.replace(tzinfo=None))


@settings(max_examples=25)
@given(KEYS, st.binary(max_size=100), st.binary(min_size=64, max_size=64))
def test_signatures_verify_and_changed_ones_do_not(private: bytes, message: bytes, random: bytes) -> None:
    signature = xeddsa.sign(private, message, random)
    public = public_of(private)
    assert xeddsa.verify(public, message, signature)
    assert not xeddsa.verify(public, message + b"x", signature)
    assert not xeddsa.verify(public, message, signature[:32] + bytes(32))
    assert not xeddsa.verify(public, message, signature[:63] + bytes((signature[63] ^ 0x80,)))


@pytest.mark.parametrize("public", [b"\xff" * 32, bytes(32), (2**255 - 20).to_bytes(32, "little")])
def test_keys_without_a_point_sign_nothing(public: bytes) -> None:
    assert not xeddsa.verify(public, b"message", bytes([1]) * 64)


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(1, 20))
def test_frames_come_back_however_they_are_cut(messages: list[bytes], size: int) -> None:
    stream = b"".join(map(whatsapp.frame, messages))
    reader, found = whatsapp.FrameReader(), []
    for start in range(0, len(stream), size):
        found += reader.feed(stream[start : start + size])
    assert found == messages
    assert reader.pending == 0


@given(st.binary(max_size=50), st.binary(max_size=10))
def test_an_opening_with_a_routing_prefix(blob: bytes, rest: bytes) -> None:
    stream = b"ED\x00\x01" + whatsapp.frame(blob) + whatsapp.HEADER
    assert whatsapp.parse_opening(stream + rest) == whatsapp.Opening(whatsapp.HEADER, blob, len(stream))
    for length in range(len(stream)):
        with pytest.raises(Incomplete):
            whatsapp.parse_opening(stream[:length])


@pytest.mark.parametrize(
    "stream", [b"X", b"WX", b"EX\x00\x01", b"\x16\x03\x01", b"ED\x00\x01\x00\x00\x01_XA\x06\x03"]
)
def test_another_opening_is_refused_at_once(stream: bytes) -> None:
    with pytest.raises(ValueError, match="does not open"):
        whatsapp.parse_opening(stream)


@given(
    st.lists(
        st.tuples(st.integers(1, 2**29 - 1), st.one_of(st.integers(0, 2**64 - 1), st.binary(max_size=40)))
    )
)
def test_protobuf_round_trip(fields: list[tuple[int, int | bytes]]) -> None:
    expected: dict[int, list[int | bytes]] = {}
    for number, value in fields:
        expected.setdefault(number, []).append(value)
    assert protobuf.decode(protobuf.encode(fields)) == expected


def test_protobuf_fixed_fields_and_wrong_kinds() -> None:
    fields = protobuf.decode(b"\x09" + bytes(8) + b"\x15" + bytes(4) + b"\x18\x05")
    assert fields == {1: [bytes(8)], 2: [bytes(4)], 3: [5]}
    assert protobuf.last_bytes(fields, 9) is None
    assert protobuf.last_number(fields, 9) == 0
    with pytest.raises(ValueError, match="number"):
        protobuf.last_bytes(fields, 3)
    with pytest.raises(ValueError, match="bytes"):
        protobuf.last_number(fields, 1)


@pytest.mark.parametrize("data", [b"\x0a\x05abc", b"\x08\x80", b"\x0b", b"\x00\x01", b"\x08" + b"\xff" * 10])
def test_protobuf_that_is_malformed(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        protobuf.decode(data)


@pytest.mark.real_data
def test_real_phones_open_like_this(shared: Path) -> None:
    """A capture of 2022 whose phones resume sessions: an IK hello, which carries all three parts."""
    streams: dict[tuple[str, int], bytes] = {}
    for packet in packets(shared / "data/pcap/whatsapp.pcap"):
        if packet.is_tcp and packet.dport in (443, 5222):
            streams[packet.src, packet.sport] = streams.get((packet.src, packet.sport), b"") + packet.payload
    hellos = []
    for stream in streams.values():
        try:
            opening = whatsapp.parse_opening(stream)
        except ValueError:
            continue
        frames = whatsapp.FrameReader().feed(stream[opening.consumed :])
        hellos.append((opening, whatsapp.decode_client_hello(frames[0])))
    assert len(hellos) >= 15
    assert {opening.header for opening, _ in hellos} == {bytes.fromhex("57410502")}
    assert any(opening.routing for opening, _ in hellos)
    assert all(len(hello.ephemeral) == 32 and hello.static and len(hello.static) == 48 for _, hello in hellos)

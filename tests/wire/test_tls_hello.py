"""The ClientHello as OpenSSL and real phones make it, whole, cut, and spread over records."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest

from tests.wire.captures import packets
from wallwatch.wire.tls_hello import Incomplete, looks_like_client_hello, parse_client_hello


def openssl_hello(server_name: str | None, alpn: list[str] | None = None) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    if alpn:
        context.set_alpn_protocols(alpn)
    outgoing = ssl.MemoryBIO()
    handshake = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=server_name)
    with contextlib.suppress(ssl.SSLWantReadError):
        handshake.do_handshake()
    return outgoing.read()


def in_records(stream: bytes, size: int) -> bytes:
    """The same handshake message in records of at most `size` bytes."""
    message = stream[5:]
    pieces = [message[i : i + size] for i in range(0, len(message), size)]
    return b"".join(stream[:3] + len(piece).to_bytes(2, "big") + piece for piece in pieces)


def test_openssl_hello() -> None:
    stream = openssl_hello("web.whatsapp.com", ["h2", "http/1.1"])
    hello = parse_client_hello(stream + b"more")
    assert hello.server_name == "web.whatsapp.com"
    assert hello.alpn == ("h2", "http/1.1")
    assert 0x0304 in hello.versions
    assert hello.consumed == len(stream)
    assert len(hello.random) == 32
    assert hello.cipher_suites
    assert not hello.has_encrypted_client_hello


def test_no_server_name() -> None:
    assert parse_client_hello(openssl_hello(None)).server_name is None


@pytest.mark.parametrize("size", [1, 7, 100])
def test_records_are_put_together(size: int) -> None:
    stream = in_records(openssl_hello("mmg.whatsapp.net"), size)
    if size == 1:  # byte 5 must already be the ClientHello's type for the prefix to look like one
        assert looks_like_client_hello(stream[:6])
    assert parse_client_hello(stream).server_name == "mmg.whatsapp.net"


def test_every_cut_is_incomplete_and_looks_like_one() -> None:
    stream = openssl_hello("v.whatsapp.net")
    for length in range(len(stream)):
        with pytest.raises(Incomplete):
            parse_client_hello(stream[:length])
        assert looks_like_client_hello(stream[:length]) == (length > 0)


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n",
        b"WA\x06\x03",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",  # a ServerHello
        b"\x16\x03\x01\xff\xff\x01",  # no record is that long
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",  # nor any hello
        b"\x16\x03\x01\x00\x00\x01",
        b"\x17\x03\x03\x00\x10" + bytes(16),
    ],
)
def test_what_is_none_is_refused(stream: bytes) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        parse_client_hello(stream)
    assert not isinstance(refusal.value, Incomplete)


def test_lengths_inside_are_checked() -> None:
    stream = bytearray(openssl_hello("v.whatsapp.net"))
    assert stream[43] == 32  # the session id's length
    with pytest.raises(ValueError, match="beyond"):
        parse_client_hello(bytes(stream[:43]) + b"\xff" * (len(stream) - 43))


def test_a_server_name_must_be_ascii() -> None:
    stream = openssl_hello("v.whatsapp.net").replace(b"v.whatsapp.net", b"v.whatsapp.n\xe9t")
    with pytest.raises(ValueError, match="ASCII"):
        parse_client_hello(stream)


@pytest.mark.real_data
def test_real_hellos(shared: Path) -> None:
    names = [
        parse_client_hello(packet.payload).server_name
        for name in ("signal.pcap", "whatsappfiles.pcap", "wechat.pcap", "google_meet.pcapng")
        for packet in packets(shared / "data/pcap" / name)
        if packet.is_tcp and len(packet.payload) > 5 and looks_like_client_hello(packet.payload)
    ]
    assert names.count("web.whatsapp.com") == 0
    assert names.count("mmg-fna.whatsapp.net") == 2
    assert names.count("web.wechat.com") == 26
    assert names.count("textsecure-service.whispersystems.org") == 9
    assert names.count("meet.google.com") == 1

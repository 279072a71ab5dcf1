"""The door to the page: addresses, taken ports, and asking."""

from __future__ import annotations

import socket
import threading

import pytest

from wallwatch.lab import page
from wallwatch.lab.page import Address


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:8787", Address("127.0.0.1", 8787)), ("[::1]:80", Address("::1", 80))],
)
def test_addresses_are_read_and_written_alike(text: str, address: Address) -> None:
    assert page.parse_address(text) == address
    assert str(address) == text
    assert address.url == f"http://{text}/"


@pytest.mark.parametrize(
    "text", ["", "8787", "127.0.0.1", "127.0.0.1:", ":8787", "127.0.0.1:x", "1.2.3.4:70000"]
)
def test_what_is_no_address_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 127\.0\.0\.1:8787"):
        page.parse_address(text)


def test_a_taken_port_is_noticed_and_a_free_one_is_near() -> None:
    with page.listen(Address("127.0.0.1", 0)) as taken:
        address = page.address_of(taken)
        with pytest.raises(page.PortTaken):
            page.listen(address)
        with page.listen_near(address) as near:
            assert page.address_of(near).host == address.host
            assert page.address_of(near).port not in (address.port, 0)


def answering(answer: bytes) -> tuple[Address, threading.Thread]:
    """A server that answers one connection so."""
    listening = page.listen(Address("127.0.0.1", 0))

    def serve() -> None:
        with listening:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=serve)
    thread.start()
    return page.address_of(listening), thread


def test_a_document_is_asked_for() -> None:
    address, thread = answering(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n[{"number": 1}]')
    assert page.ask(address, "/api/v1/log?after=0") == [{"number": 1}]
    thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"SSH-2.0-OpenSSH\r\n",
    ],
    ids=["503", "no JSON", "no HTTP"],
)
def test_other_answers_are_errors(answer: bytes) -> None:
    address, thread = answering(answer)
    with pytest.raises(ValueError, match=r"."):
        page.ask(address, "/api/v1/log")
    thread.join()


def test_nobody_there_is_an_error() -> None:
    with page.listen(Address("127.0.0.1", 0)) as listening:
        address = page.address_of(listening)
    with pytest.raises(OSError, match=r"."):
        page.ask(address, "/")

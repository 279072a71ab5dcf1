"""The door from this machine into a lab's station: a socket that listens out here and is served in there.

A listening socket keeps the network it was made in, so the station gets its descriptor. It serves nothing.
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
from typing import Any

from msgspec import Struct

PORTS_TRIED = 20  # above the one that is taken


class PortTaken(OSError):  # noqa: N818 - says what happened
    """Somebody listens at that address already."""


class Address(Struct, frozen=True):
    """Where the page is."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        return f"http://{self}/"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """`127.0.0.1:8787`, `[::1]:8787`. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or not port.isdigit() or not 0 <= int(port) < 65536:
        raise ValueError(f"{text!r} is no address and port, such as 127.0.0.1:8787 or [::1]:8787")
    return Address(bare, int(port))


def listen(address: Address) -> socket.socket:
    """A socket that listens there. Raises PortTaken, or OSError where it cannot be bound at all."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(error.errno, os.strerror(error.errno)) from error
        raise


def listen_near(address: Address) -> socket.socket:
    """A socket at the next free port above. Raises OSError."""
    for port in range(address.port + 1, min(address.port + 1 + PORTS_TRIED, 65536)):
        try:
            return listen(Address(address.host, port))
        except PortTaken:
            continue
    return listen(Address(address.host, 0))


def address_of(listening: socket.socket) -> Address:
    """Where it listens."""
    host, port, *_ = listening.getsockname()
    return Address(host, port)


def ask(address: Address, path: str, timeout: float = 20.0) -> Any:
    """The JSON document at `path`. Raises OSError, ValueError (also for an answer other than 200)."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except http.client.HTTPException as error:
        raise ValueError(f"the page does not speak HTTP: {error!r}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"the page answers {path} with {response.status}")
    return json.loads(body)

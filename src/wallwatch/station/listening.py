"""Sockets to listen at: an address, or one inherited by its descriptor. A taken one is refused."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wallwatch.refusal import Refusal

INHERITED = "fd:"
BACKLOG = 256
PORTS_TRIED = 50  # above one that is taken
LARGEST_PORT = 65535
_PROC = Path("/proc")
_LISTENING = "0A"  # TCP_LISTEN, in /proc/net/tcp


def listen(where: str, option: str) -> socket.socket:
    """A listening socket at `127.0.0.1:8787`, `[::1]:8787` or `fd:3`. Raises Refusal naming `option`."""
    if where.startswith(INHERITED):
        return _inherited(where, option)
    host, port = _parsed(where, option)
    try:
        return _bound(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refusal(_taken(host, port, option)) from error
        raise Refusal(f"Cannot listen at {where}: {error.strerror}. Name another with {option}.") from error


def url_of(listening: socket.socket) -> str:
    """For a browser on this machine."""
    host, port, *_ = listening.getsockname()
    return f"http://{written(host, port)}/"


def written(host: str, port: int) -> str:
    """`127.0.0.1:80`, `[::1]:80`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _inherited(where: str, option: str) -> socket.socket:
    number = where.removeprefix(INHERITED)
    try:
        inherited = socket.socket(fileno=int(number))
        if not inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise OSError(errno.EINVAL, "it does not listen")
    except (ValueError, OSError) as error:
        raise Refusal(f"{option} {where}: there is no listening socket at descriptor {number}.") from error
    inherited.setblocking(False)
    return inherited


def _parsed(where: str, option: str) -> tuple[str, int]:
    host, colon, port = where.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or not port.isdecimal() or int(port) > LARGEST_PORT:
        raise Refusal(f"{option} {where!r} is no address and port, such as 127.0.0.1:8787 or [::1]:8787.")
    return bare, int(port)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def _taken(host: str, port: int, option: str) -> str:
    holders = list(_holders(port))
    by = " and ".join(holders) if holders else "another program"
    free = _free_near(host, port)
    other = written(host, free)
    return f"{written(host, port)} is taken by {by}. {other} is free: {option} {other}"


def _free_near(host: str, port: int) -> int:
    for candidate in [*range(port + 1, min(port + 1 + PORTS_TRIED, LARGEST_PORT + 1)), 0]:
        with suppress(OSError), _bound(host, candidate) as trial:
            return int(trial.getsockname()[1])
    return 0


def _holders(port: int) -> Iterator[str]:
    """Who listens at that port, by address and, where we may see it, by program."""
    for table in ("tcp", "tcp6"):
        try:
            rows = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in (row.split() for row in rows):
            address, _, hexadecimal = fields[1].rpartition(":")
            if fields[3] == _LISTENING and int(hexadecimal, 16) == port:
                yield _described(written(_address(address), port), fields[9])


def _address(hexadecimal: str) -> str:
    """/proc writes each 32-bit word in the machine's order."""
    raw = bytes.fromhex(hexadecimal)
    words = [raw[start : start + 4][::-1] for start in range(0, len(raw), 4)]
    return str(ipaddress.ip_address(b"".join(words)))


def _described(address: str, inode: str) -> str:
    for link in _PROC.glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(link.readlink()) == f"socket:[{inode}]":
                process = link.parts[2]
                name = (_PROC / process / "comm").read_text().strip()
                return f"{name} (process {process}) at {address}"
    return f"a program at {address}"

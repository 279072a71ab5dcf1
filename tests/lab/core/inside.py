"""What tests run in a lab's hosts: `python inside.py TASK ARGUMENT ...`, one line of JSON out. Not a test."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

ERROR_QUEUE_HEADER = struct.Struct("=IBBBBII")  # struct sock_extended_err


def family_of(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ping(address: str, count: str) -> list[float]:
    """Round trips in milliseconds, by an unprivileged ICMP socket."""
    family = family_of(address)
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
    kind = 128 if family == socket.AF_INET6 else 8
    trips = []
    with socket.socket(family, socket.SOCK_DGRAM, protocol) as handle:
        handle.settimeout(3)
        handle.connect((address, 0))
        for number in range(int(count)):
            began = time.monotonic()
            handle.send(struct.pack("!BBHHH", kind, 0, 0, 0, number) + b"wallwatch")
            handle.recv(2048)
            trips.append((time.monotonic() - began) * 1000)
            time.sleep(0.01)
    return trips


def serve_tcp(address: str, port: str) -> None:
    """Echo one connection, saying first that we listen and then who came."""
    with socket.create_server((address, int(port)), family=family_of(address)) as server:
        say("listening")
        connection, peer = server.accept()
        with connection:
            say([peer[0], connection.getsockname()[0]])
            while data := connection.recv(65536):
                connection.sendall(data)


def ask_tcp(address: str, port: str, text: str, seconds: str = "3") -> Any:
    """[echo, milliseconds to connect, our address], or the error's name."""
    began = time.monotonic()
    try:
        with socket.create_connection((address, int(port)), float(seconds)) as connection:
            connected = (time.monotonic() - began) * 1000
            connection.sendall(text.encode())
            echo = b""
            while len(echo) < len(text):
                piece = connection.recv(65536)
                if not piece:
                    return "EOF"
                echo += piece
            return [echo.decode(), connected, connection.getsockname()[0]]
    except OSError as error:
        return type(error).__name__


def serve_udp(address: str, port: str, seconds: str) -> list[int]:
    """The numbers in the datagrams that come; each is sent back. Ends after a silence."""
    numbers = []
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as server:
        server.bind((address, int(port)))
        say("listening")
        server.settimeout(float(seconds))
        try:
            while True:
                data, peer = server.recvfrom(2048)
                numbers.append(int(data))
                server.sendto(data, peer)
        except TimeoutError:
            return numbers


def send_udp(address: str, port: str, source_port: str, count: str) -> int:
    """Numbered datagrams from a fixed port; how many came back."""
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as handle:
        handle.bind(("", int(source_port)))
        handle.connect((address, int(port)))
        for number in range(int(count)):
            handle.send(str(number).encode())
            time.sleep(0.0005)
        handle.settimeout(0.5)
        back = 0
        try:
            while back < int(count):
                handle.recv(2048)
                back += 1
        except TimeoutError:
            pass
        return back


def sweep(address: str, port: str, most: str) -> list[list[Any]]:
    """For each TTL the hop that answers a datagram, and when: [offender, type, code, milliseconds]."""
    v6 = family_of(address) == socket.AF_INET6
    level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
    ttl_option = socket.IPV6_UNICAST_HOPS if v6 else socket.IP_TTL
    errors_option = 25 if v6 else 11  # IPV6_RECVERR, IP_RECVERR
    found = []
    for ttl in range(1, int(most) + 1):
        with socket.socket(family_of(address), socket.SOCK_DGRAM) as handle:
            handle.setsockopt(level, errors_option, 1)
            handle.setsockopt(level, ttl_option, ttl)
            handle.connect((address, int(port)))
            began = time.monotonic()
            handle.send(b"?")
            select.select([handle], [], [], 2)
            elapsed = (time.monotonic() - began) * 1000
            _, control, _, _ = handle.recvmsg(64, 512, socket.MSG_ERRQUEUE)
            _, _, data = control[0]
            _, _, kind, code, _, _, _ = ERROR_QUEUE_HEADER.unpack_from(data)
            where = data[ERROR_QUEUE_HEADER.size :]
            packed = where[8:24] if v6 else where[4:8]
            found.append([socket.inet_ntop(family_of(address), packed), kind, code, elapsed])
    return found


def send_with_ttl(address: str, port: str, ttl: str, payload: str) -> str:
    """Connect, send one segment with that TTL, see what comes of it. A reset may be faster than connect."""
    try:
        with socket.create_connection((address, int(port)), 3) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, int(ttl))
            connection.sendall(bytes.fromhex(payload))
            connection.settimeout(0.5)
            return "data" if connection.recv(100) else "EOF"
    except OSError as error:
        return type(error).__name__


def sink_tcp(address: str, port: str) -> float:
    """Read one connection to its end: kilobits a second."""
    with socket.create_server((address, int(port)), family=family_of(address)) as server:
        say("listening")
        connection, _ = server.accept()
        with connection:
            size, began = 0, time.monotonic()
            while data := connection.recv(1 << 18):
                size += len(data)
            return size * 8 / 1000 / (time.monotonic() - began)


def pour_tcp(address: str, port: str, size: str) -> int:
    """Send so many bytes."""
    with socket.create_connection((address, int(port)), 3) as connection:
        connection.sendall(bytes(int(size)))
    return int(size)


def inherited(descriptor: str) -> str:
    """Accept on a listening socket made elsewhere, and greet."""
    with socket.socket(fileno=int(descriptor)) as server:
        connection, peer = server.accept()
        with connection:
            connection.sendall(b"hello")
            return str(peer[0])


def wait_for_ever() -> None:
    """Until a signal ends us; also where whoever started the tests ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    say("waiting")
    time.sleep(600)


def who() -> list[Any]:
    """Host name, user, working directory."""
    return [os.uname().nodename, os.getuid(), str(Path.cwd())]


def say(what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    result = globals()[sys.argv[1]](*sys.argv[2:])
    if result is not None:
        say(result)

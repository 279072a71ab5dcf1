"""`run_services` as the supervisor uses it: a process told what to do over a descriptor or a path."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from wallwatch import plugins
from wallwatch.lab.services import Service, ServiceContext, run_services
from wallwatch.lab.services._context import COMMON_MODES

PROGRAM = """
import sys
from wallwatch.lab.services import ServiceContext, run_services
control = int(sys.argv[1]) if sys.argv[1].isdigit() else sys.argv[1]
site = {"tls_ports": [], "plain_ports": [int(sys.argv[3])]}
services = {"good": [("website", site), ("resolver", {"port": 0})], "bad": [("nobody", {})]}
sys.exit(run_services(services[sys.argv[2]], ServiceContext(addresses=("127.0.0.1",)), control))
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def started(control: str, which: str, port: int, *fds: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, control, which, str(port)], pass_fds=fds)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def inherited(which: str, port: int) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket, Any]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    program = started(str(theirs.fileno()), which, port, theirs.fileno())
    with ours, ours.makefile("r") as lines, program as process:
        theirs.close()
        yield process, ours, lines


def told(channel: socket.socket, lines: Any, request: object) -> dict[str, Any]:
    channel.sendall((json.dumps(request) if not isinstance(request, str) else request).encode() + b"\n")
    answer: dict[str, Any] = json.loads(lines.readline())
    return answer


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
            return client.recv(15) == b"HTTP/1.1 200 OK"
    except ConnectionRefusedError:
        return False


def listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as channel:
        return channel.connect_ex(str(path)) == 0


def test_ready_switch_and_terminate_over_a_descriptor() -> None:
    port = free_port()
    with inherited("good", port) as (process, channel, lines):
        assert json.loads(lines.readline()) == {"ready": True}
        assert answers(port)
        request = {"service": "website", "mode": "down"}
        assert told(channel, lines, request) == request | {"ok": True}
        assert not answers(port)
        assert told(channel, lines, {"service": "website", "mode": "ok"})["ok"]
        assert answers(port)
        assert "known: ok" in told(channel, lines, {"service": "website", "mode": "x"})["error"]
        assert told(channel, lines, {"service": "whatsapp", "mode": "ok"})["ok"] is False
        for nonsense in ("", "garbage", "[1]", '{"service": 1}', '{"mode": "ok"}'):
            assert told(channel, lines, nonsense)["ok"] is False
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_the_end_of_the_descriptor_ends_it() -> None:
    with inherited("good", free_port()) as (process, channel, lines):
        assert json.loads(lines.readline()) == {"ready": True}
        channel.shutdown(socket.SHUT_RDWR)
        assert process.wait(10) == 0


def test_what_cannot_start_says_why() -> None:
    with inherited("bad", free_port()) as (process, _, lines):
        answer = json.loads(lines.readline())
        assert answer["ready"] is False
        assert "no test double 'nobody'" in answer["error"]
        assert process.wait(10) == 1


def test_a_path_takes_several_supervisors_and_is_removed(tmp_path: Path) -> None:
    path, port = tmp_path / "control", free_port()
    with started(str(path), "good", port) as process:
        deadline = time.monotonic() + 20
        while not listening(path):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for mode in ("silent", "ok"):
            with socket.socket(socket.AF_UNIX) as channel:
                channel.settimeout(20)
                channel.connect(str(path))
                with channel.makefile("r") as lines:
                    assert json.loads(lines.readline()) == {"ready": True}
                    assert told(channel, lines, {"service": "resolver", "mode": mode})["ok"]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert not path.exists()


def test_a_service_twice_or_unknown_is_refused_without_a_channel() -> None:
    context = ServiceContext(addresses=("127.0.0.1",))
    with pytest.raises(ValueError, match="twice"):
        run_services([("resolver", {"port": 0}), ("resolver", {"port": 0})], context)
    with pytest.raises(ValueError, match=r"known: .*website"):
        run_services([("wbsite", {})], context)


def test_every_double_says_what_it_is() -> None:
    found: dict[str, Service] = plugins.discover("wallwatch.lab.services", "SERVICE")
    assert {"resolver", "website", "whatsapp", "whatsapp_media"} <= found.keys()
    for name, service in found.items():
        assert service.name == name
        assert service.summary
        assert set(COMMON_MODES) <= set(service.modes)
        assert service.options.__struct_config__.forbid_unknown_fields

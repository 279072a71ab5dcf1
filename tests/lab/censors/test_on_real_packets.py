"""The censors against the kernel's own TCP, in the lab: what sockets see, and the margins of races."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from wallwatch.lab.lab import Lab
from wallwatch.lab.scenario import Stage, StageCensor
from wallwatch.lab.scenario_file import parse

pytestmark = pytest.mark.lab

SCENARIO = """
name = "censors"
title = "One client, a border, a server"
source = "made up"
summary = "for the censors' tests"
time.scale = 300.0
networks = [
  { name = "telecom", asn = 4134, cc = "CN", title = "China Telecom", region = "china" },
  { name = "facebook", asn = 32934, cc = "US", title = "Facebook", region = "abroad" },
]

[[paths]]
between = ["china", "abroad"]
delay_ms = 30.0
sites = [{ name = "border", hop = 2 }]
hops = ["202.97.1.1", "202.97.1.2", "202.97.1.3"]
hops6 = ["240e::1", "240e::2", "240e::3"]

[[hosts]]
name = "client"
network = "telecom"
role = "client"
addresses = ["101.95.0.10", "240e:40::10"]

[[hosts]]
name = "server"
network = "facebook"
role = "server"
addresses = ["31.13.95.50", "2a03:2880::50"]
certificates = ["mmg.whatsapp.net", "www.example.com"]

[hosts.services]
whatsapp = { chat = ["31.13.95.50", "2a03:2880::50"] }
whatsapp_media = { port = 8443 }
resolver = { zone = { "*.whatsapp.net" = ["31.13.95.50", "2a03:2880::50"] } }
"""
START = datetime(2017, 7, 18, tzinfo=UTC)
V4, V6 = "31.13.95.50", "2a03:2880::50"
NOISE = "57410603000024" + "12220a20" + "42" * 32

# Runs in the client's host. Each step prints [what came of it, after how many seconds].
CLIENT = """
import json, socket, ssl, sys, time

def connect(address, port, patience=0.9):
    return socket.create_connection((address, port), timeout=patience)

def tls(address, port, name):
    context = ssl.create_default_context()
    context.check_hostname = False
    with connect(address, port) as s, context.wrap_socket(s, server_hostname=name) as t:
        return t.version()

def get(address, port, name, size):
    context = ssl.create_default_context()
    context.check_hostname = False
    with connect(address, port, 10) as s, context.wrap_socket(s, server_hostname=name) as t:
        t.sendall(f"GET / HTTP/1.1\\r\\nHost: {name}\\r\\nRange: bytes=0-{size - 1}\\r\\n\\r\\n".encode())
        total = 0
        while total < size:
            total += len(t.recv(65536))
        return "all"

def say(address, port, data):
    with connect(address, port) as s:
        s.sendall(bytes.fromhex(data))
        return len(s.recv(4096))

def dribble(address, port, data):
    with connect(address, port) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in (data[:2], data[2:]):
            s.sendall(bytes.fromhex(byte))
            time.sleep(0.1)
        return len(s.recv(4096))

def rest(seconds):
    time.sleep(seconds)

def ask(address, name):
    query = b"\\x12\\x34\\x01\\x00\\x00\\x01" + bytes(6)
    query += b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\\x00\\x00\\x01\\x00\\x01"
    answers = []
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.4)
        s.sendto(query, (address, 53))
        try:
            while True:
                answers.append(socket.inet_ntoa(s.recv(512)[-4:]))
        except TimeoutError:
            return answers

for name, *arguments in json.loads(sys.argv[1]):
    began = time.monotonic()
    try:
        came = globals()[name](*arguments)
    except Exception as error:
        came = type(error).__name__
    print(json.dumps([came, time.monotonic() - began]))
"""

Do = Callable[..., list[tuple[Any, float]]]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab.start(parse(SCENARIO.encode()), 1, tmp_path_factory.mktemp("lab")) as lab:
        yield lab
        assert lab.lost() == {}


@pytest.fixture
def do(lab: Lab) -> Do:
    def run(*steps: tuple[object, ...]) -> list[tuple[Any, float]]:
        argv = [sys.executable, "-I", "-S", "-c", CLIENT, json.dumps(steps)]
        with lab.exec("client", argv, stdout=subprocess.PIPE, text=True) as process:
            out, _ = process.communicate(timeout=30)
        assert process.returncode == 0
        return [(came, took) for came, took in map(json.loads, out.splitlines())]

    return run


def censor(lab: Lab, kind: str, **options: object) -> None:
    """Put one censor, fresh, at the border."""
    at_work = StageCensor(kind=kind, at=["border"], options=options)
    lab.set_stage(Stage(name=kind, since=START, censors=[at_work]))


def decisions(lab: Lab, kind: str) -> list[dict[str, Any]]:
    lines = map(json.loads, lab.truth_log.read_text().splitlines())
    return [line for line in lines if line["kind"] == kind]


@pytest.mark.parametrize("address", [V4, V6])
def test_a_listed_name_is_reset_before_the_server_could_answer(lab: Lab, do: Do, address: str) -> None:
    censor(lab, "tls_sni_reset", names=["mmg.whatsapp.net"])
    (other, _), (listed, took) = do(
        ("tls", address, 8443, "www.example.com"), ("tls", address, 8443, "mmg.whatsapp.net")
    )
    assert (other, listed) == ("TLSv1.3", "ConnectionResetError")
    assert took < 0.120, "two whole round trips: a reset from the border is earlier"


def test_a_reset_also_reaches_the_server(lab: Lab, do: Do) -> None:
    censor(lab, "tls_sni_reset", names=["mmg.whatsapp.net"])
    do(("tls", V4, 8443, "mmg.whatsapp.net"))
    assert decisions(lab, "tls_sni_reset")[-1]["injected"] == 10
    assert established(lab) == 0


def established(lab: Lab) -> int:
    """Connections that the server's kernel still holds."""
    script = "print(sum(l.split()[3] == '01' for l in open('/proc/net/tcp').readlines()[1:]))"
    time.sleep(0.1)
    with lab.exec("server", [sys.executable, "-I", "-S", "-c", script], stdout=subprocess.PIPE) as process:
        return int(process.communicate(timeout=10)[0])


def test_the_endpoint_stays_reset_for_180_scaled_seconds(lab: Lab, do: Do) -> None:
    censor(lab, "tls_sni_reset", names=["mmg.whatsapp.net"])
    came = do(
        ("tls", V4, 8443, "mmg.whatsapp.net"),
        ("tls", V4, 8443, "www.example.com"),
        ("say", V4, 5222, NOISE),
        ("rest", 0.65),
        ("tls", V4, 8443, "www.example.com"),
    )
    assert [what for what, _ in came[:2]] == ["ConnectionResetError"] * 2
    assert came[2][0] > 200, "another port of that server is another endpoint"
    assert came[4][0] == "TLSv1.3"


@pytest.mark.parametrize("address", [V4, V6])
@pytest.mark.parametrize("how", ["say", "dribble"])
def test_listed_first_bytes_connect_and_then_meet_silence(lab: Lab, do: Do, address: str, how: str) -> None:
    censor(lab, "first_bytes_drop", prefixes=["5741", "4544"], residual_seconds=0)
    (neutral, _), (listed, took) = do(("tls", address, 8443, "mmg.whatsapp.net"), (how, address, 5222, NOISE))
    assert (neutral, listed) == ("TLSv1.3", "TimeoutError")
    assert took >= 0.9


def test_in_the_residual_time_even_connecting_times_out_at_that_endpoint_only(lab: Lab, do: Do) -> None:
    censor(lab, "first_bytes_drop", prefixes=["5741"], residual_seconds=1e6)
    came = do(("say", V4, 5222, NOISE), ("say", V4, 5222, "00" * 43), ("tls", V4, 8443, "mmg.whatsapp.net"))
    assert [what for what, _ in came] == ["TimeoutError", "TimeoutError", "TLSv1.3"]


def test_about_half_fail_where_half_are_drawn(lab: Lab, do: Do) -> None:
    censor(lab, "tls_sni_reset", names=["mmg.whatsapp.net"], probability=0.5, residual_seconds=0)
    came = do(*[("tls", V4, 8443, "mmg.whatsapp.net")] * 20)
    resets = sum(what == "ConnectionResetError" for what, _ in came)
    assert 2 <= resets <= 18, "beyond this one run in ten thousand"
    assert resets + sum(what == "TLSv1.3" for what, _ in came) == 20


def test_a_forged_answer_comes_first_and_the_true_one_after_it(lab: Lab, do: Do) -> None:
    censor(lab, "dns_forge", names=["*.whatsapp.net"], addresses=["31.13.94.37"])
    ((answers, _),) = do(("ask", V4, "v.whatsapp.net"))
    assert answers == ["31.13.94.37"] * 3 + [V4]


def test_an_address_without_a_resolver_answers_too(lab: Lab, do: Do) -> None:
    censor(lab, "dns_forge", names=["*.whatsapp.net"], addresses=["31.13.94.37"], injectors=[2])
    ((answers, _),) = do(("ask", V6, "v.whatsapp.net"))
    assert answers[0] == "31.13.94.37"


@pytest.mark.parametrize("drop", ["inbound", "outbound", "both"])
def test_a_null_route_looks_the_same_to_clients_whichever_way_it_drops(lab: Lab, do: Do, drop: str) -> None:
    censor(lab, "ip_drop", networks=["31.13.95.50/32"], drop=drop)
    came = do(("tls", V4, 8443, "www.example.com"), ("tls", V6, 8443, "www.example.com"))
    assert [what for what, _ in came] == ["TimeoutError", "TLSv1.3"]


def test_a_policed_download_gets_the_rate(lab: Lab, do: Do) -> None:
    size = 131_072
    censor(lab, "throttle", names=["mmg.whatsapp.net"], bits_per_second=400_000, burst_bytes=16_384)
    (free, quick), (policed, slow) = do(
        ("get", V4, 8443, "www.example.com", size), ("get", V4, 8443, "mmg.whatsapp.net", size)
    )
    assert (free, policed) == ("all", "all")
    least = (size - 16_384) * 8 / 400_000
    assert quick < 1.5 < least <= slow


def test_every_decision_is_in_the_truth_log(lab: Lab, do: Do) -> None:
    before = len(decisions(lab, "tls_sni_reset"))
    censor(lab, "tls_sni_reset", names=["mmg.whatsapp.net"], probability=0.0)
    ((what, _),) = do(("tls", V4, 8443, "mmg.whatsapp.net"))
    (decision,) = decisions(lab, "tls_sni_reset")[before:]
    assert what == "TLSv1.3"
    assert not decision["acted"]
    assert decision["details"]["server_name"] == "mmg.whatsapp.net"
    assert decision["flow"]["dst"] == V4

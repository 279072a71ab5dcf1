"""How fast the lab is: `.venv/bin/python bench/lab.py [--quick]`. Prints numbers; judges none.

Run it on an idle machine, and read differences below a fifth as noise.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from wallwatch.lab.lab import Lab
from wallwatch.lab.scenario import Host, Network, Scenario, Site, Stage, StageCensor
from wallwatch.lab.scenario import Path as Way
from wallwatch.lab.scenario_file import load_named
from wallwatch.lab.support import why_not

PING = """
import json, socket, struct, sys, time
trips = []
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as handle:
    handle.connect((sys.argv[1], 0))
    for number in range(int(sys.argv[2])):
        began = time.monotonic()
        handle.send(struct.pack("!BBHHH", 8, 0, 0, 0, number))
        handle.recv(100)
        trips.append((time.monotonic() - began) * 1000)
        time.sleep(0.005)
print(json.dumps(trips))
"""
SINK = """
import json, socket, sys, time
server = socket.create_server(("", 9000))
print("listening", flush=True)
for _ in range(int(sys.argv[1])):
    connection, _ = server.accept()
    size, began = 0, time.monotonic()
    while data := connection.recv(1 << 20):
        size += len(data)
    print(json.dumps(size * 8 / 1e6 / (time.monotonic() - began)), flush=True)
"""
POUR = """
import socket, sys, time
with socket.create_connection((sys.argv[1], 9000)) as connection:
    until = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < until:
        connection.sendall(bytes(1 << 18))
"""
PACKETS_SINK = """
import json, socket, sys, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
server.bind(("", 9001))
server.settimeout(1)
print("listening", flush=True)
count = began = 0
try:
    while True:
        server.recv(100)
        began = began or time.monotonic()
        count += 1
        last = time.monotonic()
except TimeoutError:
    print(json.dumps(count / (last - began)))
"""
PACKETS_POUR = """
import socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
    handle.connect((sys.argv[1], 9001))
    until = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < until:
        for _ in range(20):
            handle.send(bytes(64))
        time.sleep(20 / float(sys.argv[3]))
"""


def scenario(hosts: int, delay_ms: float, hops: int = 0) -> Scenario:
    """So many hosts in two networks, nothing but a path between them."""
    return Scenario(
        name="bench",
        title="",
        source="",
        summary="",
        networks=[
            Network(name=name, asn=number, cc="ZZ", title=name, region=name)
            for number, name in enumerate(("west", "east"), start=64500)
        ],
        hosts=[
            Host(
                name=f"host{number}",
                network=("west", "east")[number % 2],
                role="client",
                addresses=[f"11.0.{number // 250}.{number % 250 + 1}", f"2600::{number + 1:x}"],
            )
            for number in range(hosts)
        ],
        paths=[
            Way(
                between=("west", "east"),
                delay_ms=delay_ms,
                hops=[f"12.0.0.{hop + 1}" for hop in range(hops)],
                sites=[Site(name="middle", hop=hops // 2)] if hops else [],
            )
        ],
    )


def up(what: Scenario, times: int) -> dict[str, float]:
    """Median seconds from `Lab.start` to its parts and to its return, and to stop."""
    seconds: dict[str, list[float]] = {}
    for _ in range(times):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, Lab.start(what, 1, Path(folder)) as lab:
            started = time.monotonic() - began
            for name, value in {**lab.seconds, "return of Lab.start": started}.items():
                seconds.setdefault(name, []).append(value)
            began = time.monotonic()
            lab.stop()
            seconds.setdefault("stop", []).append(time.monotonic() - began)
    return {name: round(statistics.median(values), 3) for name, values in seconds.items()}


def python(lab: Lab, host: str, code: str, *arguments: object) -> subprocess.Popen[str]:
    return lab.exec(
        host, [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def ping(lab: Lab, count: int) -> dict[str, float]:
    trips = sorted(json.loads(python(lab, "host0", PING, "11.0.0.2", count).communicate()[0]))
    return {
        "p50": round(trips[count // 2], 2),
        "p99": round(trips[count * 99 // 100], 2),
        "max": round(trips[-1], 2),
    }


def tcp(lab: Lab, flows: int, seconds: float) -> float:
    """Megabits a second, all flows together."""
    sinks = [python(lab, f"host{2 * flow + 1}", SINK, 1) for flow in range(flows)]
    for sink in sinks:
        assert sink.stdout is not None
        sink.stdout.readline()
    pours = [python(lab, f"host{2 * flow}", POUR, f"11.0.0.{2 * flow + 2}", seconds) for flow in range(flows)]
    for pour in pours:
        pour.communicate()
    return round(sum(json.loads(sink.communicate()[0]) for sink in sinks))


def packets(lab: Lab, seconds: float, rate: int) -> int:
    sink = python(lab, "host1", PACKETS_SINK)
    assert sink.stdout is not None
    sink.stdout.readline()
    python(lab, "host0", PACKETS_POUR, "11.0.0.2", seconds, rate).communicate()
    return round(json.loads(sink.communicate()[0]))


def say(what: str, value: Any) -> None:
    print(f"{what:<58} {value}", flush=True)


def main() -> None:
    reason = why_not()
    if reason is not None:
        sys.exit(reason)
    quick = "--quick" in sys.argv
    times, count, seconds = (3, 100, 1.0) if quick else (10, 400, 3.0)
    say("12 hosts, no services, up (s)", up(scenario(12, 1), times))
    say("50 hosts, no services, up (s)", up(scenario(50, 1), times))
    say("china-whatsapp-2017, 12 hosts with services, up (s)", up(load_named("china-whatsapp-2017"), times))
    censor = StageCensor(kind="tls_sni_reset", at=["middle"], options={"names": ["x.org"]})
    censored = Stage(name="censored", since=scenario(2, 0).stage_at(_now()).since, censors=[censor])
    for delay, hops in ((0.0, 0), (40.0, 8)):
        what = f"{2 * delay:.0f} ms round trip, {hops} hops"
        with (
            tempfile.TemporaryDirectory() as folder,
            Lab.start(scenario(8, delay, hops), 1, Path(folder)) as lab,
        ):
            began = time.monotonic()
            for _ in range(20):
                lab.exec("host0", ["true"]).wait()
            say("start and end of a command in a host (ms)", round((time.monotonic() - began) * 50, 1))
            say(f"ping, {what} (ms)", ping(lab, count))
            say(f"TCP, {what}, 1 flow (Mbit/s)", tcp(lab, 1, seconds))
            say(f"TCP, {what}, 4 flows (Mbit/s)", tcp(lab, 4, seconds))
            say(f"UDP of 64 bytes, {what} (packets/s)", packets(lab, seconds, 40_000))
            if hops:
                lab.set_stage(censored)
                say(f"TCP, {what}, 1 flow, censor in between (Mbit/s)", tcp(lab, 1, seconds))
                say(f"ping, {what}, censor in between (ms)", ping(lab, count))
            say("packets lost by accident", lab.lost() or 0)


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


if __name__ == "__main__":
    main()

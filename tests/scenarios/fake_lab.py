"""A lab without namespaces: its hosts run small scripts on this machine that keep to the rounds protocol."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from wallwatch.lab.scenario import Scenario, Stage

# Each appends what it was told to its own file, so that a test can read the order of things.
WORKS = """
import json, sys, time
diary = open(sys.argv[1], "a", buffering=1)
diary.write("arguments " + " ".join(sys.argv[2:]) + "\\n")
for line in sys.stdin:
    called = json.loads(line)
    diary.write(f"round {called['round']} at {called['instant']} {time.monotonic()}\\n")
    print(json.dumps({"round": called["round"], "done": False}), flush=True)
    time.sleep(0.2)
    print(json.dumps({"round": called["round"], "done": True}), flush=True)
diary.write(f"end {time.monotonic()}\\n")
"""
CRASHES = """
import sys
sys.stdin.readline()
print("the disk is full of eels", file=sys.stderr)
sys.exit(4)
"""
REFUSES = """
import sys
print("this command needs the station packages", file=sys.stderr)
sys.exit(2)
"""
HANGS = """
import sys, time
print("waiting for Godot", file=sys.stderr, flush=True)
time.sleep(60)
"""
BABBLES = """
import sys, time
sys.stdin.readline()
print("hello, this is no JSON", flush=True)
time.sleep(60)
"""
IGNORES_SIGTERM = (
    """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""
    + WORKS
)
IS_TOO_LATE = "import sys; sys.exit(1)"  # in place of the script that waits for a listener


class FakeLab:
    """Runs `scripts[host]`, else WORKS, in place of each command."""

    noise_root = "ab" * 32

    def __init__(self, scenario: Scenario, diaries: Path, scripts: dict[str, str] | None = None) -> None:
        self.scenario = scenario
        self.diaries = diaries
        self.scripts = scripts or {}
        self.processes: list[subprocess.Popen[Any]] = []
        self.instants: list[datetime] = []
        self.pcap: Path | None = None
        self.lost = 0

    def exec(self, host: str, argv: Sequence[str], **popen: Any) -> subprocess.Popen[Any]:
        waits = "-c" in argv
        script = self.scripts.get(f"wait {host}", "") if waits else self.scripts.get(host, WORKS)
        diary = self.diaries / ("waits" if waits else host)
        process = subprocess.Popen([sys.executable, "-I", "-c", script, str(diary), *argv], **popen)
        self.processes.append(process)
        return process

    def set_instant(self, instant: datetime) -> Stage:
        self.instants.append(instant)
        return self.scenario.stage_at(instant)

    def start_pcap(self, path: Path) -> None:
        self.pcap = path

    def counters(self) -> dict[str, int]:
        return {"forwarded": 10, "dropped.censor": 3, "lost.queue": self.lost}

    def diary(self, host: str) -> list[str]:
        return (self.diaries / host).read_text().splitlines()

    @property
    def alive(self) -> list[subprocess.Popen[Any]]:
        return [process for process in self.processes if process.poll() is None]

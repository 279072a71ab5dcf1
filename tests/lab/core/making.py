"""Small scenarios, and how tests talk to programs in a lab's hosts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from wallwatch.lab.lab import Lab
from wallwatch.lab.scenario import Scenario
from wallwatch.lab.scenario_file import load

INSIDE = Path(__file__).with_name("inside.py")
REPLY_SECONDS = 20

HOPS = ["202.97.1.1", "202.97.1.2", "202.97.1.3", "202.97.1.4"]
HOPS6 = ["240e::1", "240e::2", "240e::3", "240e::4"]

SMALL = Path(__file__).with_name("small.toml")


def small() -> Scenario:
    """Two regions, a censor's site at hop 2 of 4, a lossy and a slow way."""
    return load(SMALL)


def start(lab: Lab, host: str, task: str, *arguments: object) -> subprocess.Popen[str]:
    """A task of inside.py, running."""
    command = [sys.executable, str(INSIDE), task, *map(str, arguments)]
    return lab.exec(host, command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def heard(process: subprocess.Popen[str]) -> Any:
    """Its next line."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.stderr and process.stderr.read()
    return json.loads(line)


def result(process: subprocess.Popen[str]) -> Any:
    """Its last line, once it has ended well."""
    out, errors = process.communicate(timeout=REPLY_SECONDS)
    assert process.returncode == 0, errors
    return json.loads(out.splitlines()[-1])


def run(lab: Lab, host: str, task: str, *arguments: object) -> Any:
    """A task's result."""
    return result(start(lab, host, task, *arguments))


def echoed(lab: Lab, server: str, address: str, client: str = "client") -> Any:
    """What a client hears from a TCP echo at an address of a server; and what the server saw."""
    port = 7000
    listener = start(lab, server, "serve_tcp", address, port)
    assert heard(listener) == "listening"
    said = run(lab, client, "ask_tcp", address, port, "hello")
    return said, result(listener)

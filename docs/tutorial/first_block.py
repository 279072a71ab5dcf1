"""Tutorial: watch a block happen, and see what it takes to call it one.

    .venv/bin/python docs/tutorial/first_block.py

Everything happens in the lab, a virtual internet inside this machine. No packet leaves it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime

from wallwatch.lab.lab import Lab
from wallwatch.lab.scenario_file import load_named

WALLWATCH = [sys.executable, "-P", "-m", "wallwatch"]
ALL_WELL = datetime(2017, 7, 14, 2, tzinfo=UTC)
BLOCKED = datetime(2017, 9, 24, 2, tzinfo=UTC)
TWINS = [f"--twin=95.217.40.{number}" for number in range(64, 104)]
# The lab's line is short, so we need not wait as long as on a real one (the defaults are 5 to 15 seconds).
SETTINGS = """
[probe]
id = "tutorial"
cc = "CN"
asn = 4134

[network]
resolve_timeout = 1.0
connect_timeout = 1.2
handshake_timeout = 1.2
read_timeout = 1.0
"""
CONTROL = "http://145.100.20.10:8790"


def look(lab: Lab, *options: str) -> int:
    """`wallwatch check whatsapp` inside the Chinese host; prints a line for each function."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as settings:
        settings.write(SETTINGS)
        settings.flush()
        command = [*WALLWATCH, "check", "whatsapp", "--yes", "--json", "--config", settings.name, *options]
        done = lab.exec("probe-4134", command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said, _ = done.communicate()
    for line in said.splitlines():
        verdict = json.loads(line)
        grade = f", {verdict['grade']}" if verdict["grade"] else ""
        print(f"  {verdict['function']:<13} {verdict['outcome']}{grade}: {verdict['because']}")
    return done.returncode


def begin(lab: Lab, host: str, *options: str) -> subprocess.Popen[str]:
    """`wallwatch control` in a host; returns when it says that it answers."""
    process: subprocess.Popen[str] = lab.exec(
        host, [*WALLWATCH, "control", *options], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    print(f"  {process.stderr.readline().strip()}")
    return process


def main() -> None:
    """Four looks."""
    with Lab.start(load_named("china-whatsapp-2017"), seed=1) as lab:
        print("1. July 2017, all is well. Each function climbs to the proof that the real server answered.")
        lab.set_instant(ALL_WELL)
        assert look(lab) == 0

        print("\n2. 24 September. Text and media fail, but without a control that is all we know: unknown.")
        lab.set_instant(BLOCKED)
        assert look(lab) == 4

        print("\n3. Start a control abroad, and twins: addresses that WhatsApp does not run.")
        abroad = [
            begin(lab, "twin", "--twins-only", "--ports", "443,5222"),
            begin(lab, "control-nl", "--listen", "145.100.20.10:8790", *TWINS),
        ]

        print("\n4. Look again: the same bytes fail towards the twins too, and pass from abroad. Proven.")
        time.sleep(1)  # longer than the firewall's memory of the last look, which the lab shortens
        assert look(lab, "--control", CONTROL) == 1
        for process in abroad:
            process.terminate()
            process.communicate()


if __name__ == "__main__":
    main()

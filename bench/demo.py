"""How long the demo takes and whether its conclusions are true, for several seeds.

    python bench/demo.py [SEED ...]          the default is seed 1

Prints a line a seed: wall seconds of the whole command (bar: 120 on 2 cores) and what was wrong, if anything.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.scenarios.truth import complaints

from wallwatch.lab.scenario_file import load_named

SCENARIO = "china-whatsapp-2017"
BAR = 120.0


def play(seed: int) -> tuple[float, list[str]]:
    """One demo from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "wallwatch", "demo", "--json", "--exit", "--listen", "127.0.0.1:0"]
        began = time.monotonic()
        done = subprocess.run(
            [*command, "--seed", str(seed), "--data", f"{folder}/data"],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
    if done.returncode:
        return seconds, [f"exit status {done.returncode}", *done.stderr.splitlines()[-3:]]
    return seconds, complaints(load_named(SCENARIO), [json.loads(line) for line in done.stdout.splitlines()])


def main() -> None:
    """Play every seed asked for; exit status 1 where a bar is missed."""
    missed = False
    for seed in [int(word) for word in sys.argv[1:]] or [1]:
        seconds, wrong = play(seed)
        missed |= bool(wrong) or seconds > BAR
        print(f"seed {seed:>3}  {seconds:6.1f} s  {'; '.join(wrong) or 'all conclusions true'}", flush=True)
    sys.exit(int(missed))


if __name__ == "__main__":
    main()

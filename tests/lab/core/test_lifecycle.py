"""Start and end: nothing is left behind, whoever is killed; and the lab is the same for every user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.core.making import SMALL, small
from wallwatch.lab import joining, places
from wallwatch.lab.lab import Lab
from wallwatch.lab.messages import LabError
from wallwatch.lab.scenario import Scenario
from wallwatch.lab.scenario_file import parse

pytestmark = pytest.mark.lab

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534
PATIENCE = 10.0


def _descendants(pid: int) -> set[int]:
    """All processes below one, itself not counted, as /proc has them now."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found - {pid}
        found |= more


def _gone(pids: set[int]) -> bool:
    return all(places.start_time(pid) is None for pid in pids)


def _soon(check: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.02)
    return check()


def _with_command(folder: Path) -> tuple[Lab, set[int]]:
    """A lab with a command at work in a host, and every process there is of it."""
    lab = Lab.start(small(), seed=1, folder=folder)
    process = lab.exec("client", ["sh", "-c", "sleep 600 & echo; wait"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    pids = _descendants(lab._supervisor.pid) | _descendants(process.pid) | {lab._supervisor.pid}
    assert len(pids) >= 7  # supervisor, init, router, two doubles and their parent, shell, sleep
    threading.Thread(target=process.wait, daemon=True).start()  # or it stays as a corpse
    return lab, pids


def test_stop_ends_everything_and_removes_the_folder(tmp_path: Path) -> None:
    lab, pids = _with_command(tmp_path)
    folder = lab._place.folder
    assert folder.is_dir()
    assert list(folder.iterdir()) == []  # what is in it is in the lab's own mounts
    lab.stop()
    lab.stop()
    assert _soon(lambda: _gone(pids))
    assert not folder.exists()
    with pytest.raises(LabError):
        lab.exec("client", ["true"])
    with pytest.raises(LabError):
        lab.counters()


@pytest.mark.parametrize("victim", ["supervisor", "init"])
def test_kill_9_leaves_nothing(tmp_path: Path, victim: str) -> None:
    lab, pids = _with_command(tmp_path)
    folder = lab._place.folder
    os.kill(lab._supervisor.pid if victim == "supervisor" else lab._place.pid, signal.SIGKILL)
    lab._supervisor.wait(PATIENCE)
    assert _soon(lambda: _gone(pids))
    if victim == "supervisor":
        assert list(folder.iterdir()) == []
        places.running()  # as every start of a lab does
    assert not folder.exists()
    lab.stop()


def test_the_lab_ends_with_a_killed_caller(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from wallwatch.lab.lab import Lab;"
        "from wallwatch.lab.scenario_file import load;"
        "lab = Lab.start(load(Path(sys.argv[1])), 1, Path(sys.argv[2]));"
        "print(lab._place.folder, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(SMALL), str(tmp_path)], stdout=subprocess.PIPE
    ) as caller:
        assert caller.stdout is not None
        folder = Path(caller.stdout.readline().decode().strip())
        pids = _descendants(caller.pid)
        caller.kill()
    assert _soon(lambda: _gone(pids))
    assert _soon(lambda: not folder.exists())


def test_others_find_the_running_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # no other lab of this user is there
    with Lab.start(small(), seed=1, folder=tmp_path) as lab:
        found = joining.find()
        assert found is not None
        place, state = found
        assert place.pid == lab._place.pid
        assert state.scenario == "small"
        process = joining.start(place, state, "near", ["uname", "-n"], stdout=subprocess.PIPE)
        assert process.communicate(timeout=10)[0] == b"near\n"


def test_two_labs_do_not_see_each_other(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    with Lab.start(small(), 1, folders[0]) as one, Lab.start(small(), 2, folders[1]) as other:
        command = ["cat", "/etc/ssl/certs/ca-certificates.crt"]
        seen = [
            lab.exec("client", command, stdout=subprocess.PIPE, text=True).communicate(timeout=10)[0]
            for lab in (one, other)
        ]
        assert seen == [one.ca_pem, other.ca_pem]
        assert seen[0] != seen[1]


def test_a_lab_starts_from_a_process_with_threads(tmp_path: Path) -> None:
    results: list[bool] = []

    def work() -> None:
        with Lab.start(small(), seed=1, folder=tmp_path) as lab:
            results.append(lab.exec("client", ["true"]).wait(10) == 0)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert results == [True]


def _broken() -> Scenario:
    text = SMALL.read_text().replace('certificates = ["site.org"]\n', "")
    return parse(text.encode())


def test_a_service_that_cannot_start_ends_the_lab_with_its_reason(tmp_path: Path) -> None:
    before = _descendants(os.getpid())
    with pytest.raises(LabError, match="the services of server do not start"):
        Lab.start(_broken(), seed=1, folder=tmp_path)
    assert _soon(lambda: _descendants(os.getpid()) <= before)


NOBODYS_WORK = """
import os, subprocess, sys, tempfile
from pathlib import Path
from tests.lab.core.making import echoed, run, small
from wallwatch.lab.lab import Lab
assert os.getuid() == 65534
with tempfile.TemporaryDirectory() as folder, Lab.start(small(), 1, Path(folder)) as lab:
    for address in ("145.100.0.10", "2001:610::10"):
        assert echoed(lab, "server", address)[0][0] == "hello"
        run(lab, "client", "ping", address, 1)
    assert lab.exec("near", ["sh", "-c", "test $(id -u) = 0"]).wait() == 0
    assert lab.lost() == {}
print("done")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user to try this")
def test_it_works_as_uid_65534_without_any_privilege() -> None:
    as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        trial = subprocess.run(
            [sys.executable, "-c", "import wallwatch"], **as_nobody, env=environment, cwd="/", check=False
        )
        reachable = trial.returncode == 0
    except PermissionError:
        reachable = False
    if not reachable:
        pytest.skip(f"uid {NOBODY} may not read {sys.executable} or this checkout")
    command = ["setpriv", "--no-new-privs", "--bounding-set=-all", sys.executable, "-c", NOBODYS_WORK]
    done = subprocess.run(
        command,
        **as_nobody,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr

"""`wallwatch lab` and `wallwatch doctor` as a person types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from tests.lab.core.making import small
from wallwatch.commands import doctor
from wallwatch.lab.lab import Lab

HOST = "probe-4134"


def wallwatch(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wallwatch", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """An environment in which no other lab of this user is found."""
    return {"XDG_RUNTIME_DIR": str(tmp_path)}


def test_list_says_what_there_is() -> None:
    lines = [json.loads(line) for line in wallwatch("lab", "list", "--json").stdout.splitlines()]
    names = {(line["kind"], line["name"]) for line in lines}
    assert {
        ("mechanism", "tls.reset.sni"),
        ("service", "whatsapp"),
        ("scenario", "china-whatsapp-2017"),
    } <= names
    assert len(names) == len(lines)
    assert all(line["source"] for line in lines if line["kind"] != "service")


@pytest.mark.real_data
def test_list_keeps_its_contract(shared: Path) -> None:
    schema = json.loads((shared / "contracts" / "lab_list.schema.json").read_text())
    for line in wallwatch("lab", "list", "--json").stdout.splitlines():
        jsonschema.validate(json.loads(line), schema)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lab", "run", "chian-whatsapp-2017"], "Did you mean 'china-whatsapp-2017'?"),
        (["lab", "exec", "--scenario", "chian-whatsapp", HOST, "--", "true"], "china-whatsapp-2017"),
        (["lab", "exec", "--at", "yesterday", HOST, "--", "true"], "is no instant"),
        (["lab", "exec", HOST], "Missing argument"),
        (["lab", "exec", HOST, "--"], "What to run?"),
        (["lab", "exce", HOST], "No such command"),
    ],
)
def test_wrong_use_is_status_2_and_says_what_is_right(arguments: list[str], said: str) -> None:
    done = wallwatch(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.lab
def test_an_unknown_host_is_named_with_its_neighbours(alone: dict[str, str]) -> None:
    done = wallwatch("lab", "exec", "probe-4135", "--", "true", **alone)
    assert done.returncode == 2
    assert "Did you mean 'probe-4134'" in done.stderr


@pytest.mark.lab
def test_exec_starts_a_lab_of_its_own_for_a_command(alone: dict[str, str], tmp_path: Path) -> None:
    done = wallwatch("lab", "exec", HOST, "--", "sh", "-c", "uname -n; exit 9", **alone)
    assert (done.returncode, done.stdout) == (9, f"{HOST}\n")
    assert [list(folder.iterdir()) for folder in tmp_path.iterdir()] == [[]]


@pytest.mark.lab
def test_exec_joins_the_lab_that_runs(
    alone: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", alone["XDG_RUNTIME_DIR"])
    with Lab.start(small(), seed=1):
        done = wallwatch("lab", "exec", "near", "uname", "-n")
        assert (done.returncode, done.stdout) == (0, "near\n")
        assert "Did you mean 'near'" in wallwatch("lab", "exec", "naer", "true").stderr


@pytest.mark.lab
def test_a_shell_reads_commands(alone: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wallwatch", "lab", "shell", HOST],
        input="uname -n\nexit 3\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **alone, "SHELL": "/bin/sh"},
    )
    assert (done.returncode, done.stdout) == (3, f"{HOST}\n")


@pytest.mark.lab
def test_a_terminated_exec_takes_its_lab_along(alone: dict[str, str], tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "wallwatch",
        "lab",
        "exec",
        HOST,
        "--",
        "sh",
        "-c",
        "echo; exec sleep 600",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **alone}) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
    [home] = tmp_path.iterdir()
    until = time.monotonic() + 5
    while list(home.iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    assert list(home.iterdir()) == []


def test_doctor_says_a_line_for_each_thing() -> None:
    done = wallwatch("doctor", "--json")
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert [finding["name"] for finding in findings] == ["namespaces", "clock", "ipv6", "browser"]
    assert all(finding["ok"] or finding["cure"] for finding in findings)
    missing = [finding for finding in findings if finding["needed"] and not finding["ok"]]
    assert done.returncode == (3 if missing else 0)


def test_doctor_for_people() -> None:
    done = wallwatch("doctor")
    assert [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")] == [
        check.__name__.removeprefix("check_") for check in doctor.CHECKS
    ]


FORBIDDING = {
    "sysctl -w user.max_user_namespaces=10000": """
Path("/proc/sys/user/max_user_namespaces").write_text("0")
""",
    "systempaths=unconfined": """
native.unshare(native.CLONE_NEWNS)
native.mount("none", "/", "", native.MS_REC | native.MS_PRIVATE)
native.mount("/proc/sys", "/proc/sys", "", native.MS_BIND | native.MS_REC)
native.mount("none", "/proc/sys", "", MS_REMOUNT | native.MS_BIND | native.MS_RDONLY | GUARDED)
""",
}
ON_SUCH_A_MACHINE = """
import os, sys
from pathlib import Path
from wallwatch.lab import native, user_namespace
MS_REMOUNT, GUARDED = 0x20, native.MS_NOSUID | native.MS_NODEV | native.MS_NOEXEC
user_namespace.enter()
{}
os.execv(sys.executable, [sys.executable, "-m", "wallwatch", *sys.argv[1:]])
"""


@pytest.mark.lab
@pytest.mark.parametrize("cure", FORBIDDING)
@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"],
        ["lab", "run", "china-whatsapp-2017"],
        ["lab", "exec", "--at", "2017-07-02", HOST, "--", "true"],
    ],
)
def test_where_namespaces_are_forbidden_status_3_and_the_cure(cure: str, arguments: list[str]) -> None:
    """Inside a namespace that is as forbidding as such a machine."""
    command = [sys.executable, "-c", ON_SUCH_A_MACHINE.format(FORBIDDING[cure]), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3, done.stderr
    assert cure in done.stdout + done.stderr
    assert "Traceback" not in done.stderr

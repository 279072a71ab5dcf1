"""Where the lab cannot run, a person learns why and what helps."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from wallwatch.lab import support
from wallwatch.lab.support import Conditions, explain

USER = Conditions(uid=1000, seccomp=False, capabilities=0, is_in_chroot=False)
ROOT_WITHOUT_RIGHTS = Conditions(uid=0, seccomp=False, capabilities=0, is_in_chroot=False)
CONTAINER = Conditions(uid=1000, seccomp=True, capabilities=0, is_in_chroot=False)
CHROOT = Conditions(uid=1000, seccomp=False, capabilities=0, is_in_chroot=True)


@pytest.fixture
def proc(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine's settings, to be filled in: no kernel here has all of them."""
    files: dict[str, str] = {}
    monkeypatch.setattr(support, "_read", lambda path: files.get(path, ""))
    return files


@pytest.mark.parametrize("kind", ["user", "net"])
def test_a_limit_of_no_namespaces(proc: dict[str, str], kind: str) -> None:
    proc.update({f"/proc/sys/user/max_{other}_namespaces": "100\n" for other in ("user", "net", "mnt")})
    proc[f"/proc/sys/user/max_{kind}_namespaces"] = "0\n"
    sentence = explain(OSError(errno.ENOSPC, ""), USER)
    assert f"sysctl -w user.max_{kind}_namespaces=10000" in sentence


@pytest.mark.parametrize(
    ("setting", "value", "cure"),
    [
        ("unprivileged_userns_clone", "0\n", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("apparmor_restrict_unprivileged_userns", "1\n", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ],
)
def test_settings_that_reserve_namespaces(proc: dict[str, str], setting: str, value: str, cure: str) -> None:
    proc[f"/proc/sys/kernel/{setting}"] = value
    assert cure in explain(OSError(errno.EPERM, ""), USER)


@pytest.mark.parametrize(
    ("conditions", "cure"),
    [
        (ROOT_WITHOUT_RIGHTS, "setpriv --reuid 65534"),
        (CONTAINER, "--security-opt seccomp=unconfined"),
        (CHROOT, "outside"),
        (USER, "no known cause"),
    ],
)
def test_what_else_forbids_them(proc: dict[str, str], conditions: Conditions, cure: str) -> None:
    assert cure in explain(OSError(errno.EPERM, ""), conditions)


def test_a_kernel_without_namespaces(proc: dict[str, str]) -> None:
    assert "CONFIG_USER_NS" in explain(OSError(errno.EINVAL, ""), USER)


def test_conditions_of_this_very_process() -> None:
    import os

    found = support.conditions()
    assert found.uid == os.geteuid()
    assert found.is_in_chroot == ("/" not in [line.split()[4] for line in _mounts()])


def _mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text().splitlines()

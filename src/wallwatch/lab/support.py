"""Can this machine run the lab, and if not, why and what helps. Found out by trying, explained by looking."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from wallwatch.lab import native, user_namespace

_CAP_SETFCAP = 31
_NAMESPACE_LIMITS = ("user", "net", "mnt", "pid", "uts")
_TRIAL_SECONDS = 20.0
_CONTAINER_CURE = (
    "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined ..."
)
_SETTING = "/proc/sys/net/ipv6/ip_nonlocal_bind"  # hosts with many IPv6 addresses cannot do without it


class Conditions(Struct, frozen=True, kw_only=True):
    """What a process is under, before it enters a namespace and it no longer shows."""

    uid: int
    seccomp: bool  # a filter is in force, as in a container
    capabilities: int  # effective, as a bit mask
    is_in_chroot: bool


def conditions() -> Conditions:
    """Of this process."""
    status = dict(line.split(":\t", 1) for line in _read("/proc/self/status").splitlines() if ":\t" in line)
    mounted = [line.split()[4] for line in _read("/proc/self/mountinfo").splitlines()]
    return Conditions(
        uid=os.geteuid(),
        seccomp=status.get("Seccomp", "0").strip() == "2",
        capabilities=int(status.get("CapEff", "0"), 16),
        is_in_chroot=bool(mounted) and "/" not in mounted,
    )


def explain(error: OSError, before: Conditions) -> str:
    """A sentence for people: why namespaces failed with `error`, and the cure."""
    if error.errno == errno.ENOSPC:
        return _explain_limits()
    if error.errno in (errno.EPERM, errno.EACCES):
        return _explain_permission(before)
    if error.errno in (errno.EINVAL, errno.ENOSYS):
        return (
            "The lab needs namespaces, and this kernel has none: "
            "use one built with CONFIG_USER_NS and CONFIG_NET_NS."
        )
    return f"The lab needs namespaces, and this machine refuses them: {error}."


def _explain_limits() -> str:
    names = [f"max_{kind}_namespaces" for kind in _NAMESPACE_LIMITS]
    none = [name for name in names if _read(f"/proc/sys/user/{name}").strip() == "0"]
    for name in none:
        return f"The lab needs namespaces, and user.{name} is 0 here; as root: sysctl -w user.{name}=10000"
    return (
        "The lab needs namespaces, and their number is used up; "
        "as root: raise user.max_*_namespaces by sysctl."
    )


def _explain_permission(before: Conditions) -> str:
    if _read("/proc/sys/kernel/unprivileged_userns_clone").strip() == "0":
        return (
            "The lab needs user namespaces, and they are reserved to root here; "
            "as root: sysctl -w kernel.unprivileged_userns_clone=1"
        )
    if _read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").strip() == "1":
        return (
            "The lab needs user namespaces, and AppArmor restricts them here; "
            "as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if before.is_in_chroot:
        return (
            "The lab needs user namespaces, and the kernel forbids them in a chroot; "
            "run it outside, or in a container."
        )
    if before.uid == 0 and not before.capabilities >> _CAP_SETFCAP & 1:
        return (
            "The lab needs user namespaces, and root without CAP_SETFCAP may not make them; "
            "run it as an ordinary user: setpriv --reuid 65534 --regid 65534 --clear-groups wallwatch ..."
        )
    if before.seccomp:
        return (
            "The lab needs user namespaces, and a seccomp filter forbids them here, as in a container; "
            f"start it with: {_CONTAINER_CURE}"
        )
    return (
        "The lab needs user namespaces, and this machine's security policy forbids them "
        "(EPERM, no known cause found; a chroot is one that does not always show)."
    )


def why_not() -> str | None:
    """None if the lab can run here, else the reason with its cure. Tries it in a child process."""
    command = [sys.executable, "-P", "-m", "wallwatch.lab.support"]
    try:
        trial = subprocess.run(command, capture_output=True, text=True, timeout=_TRIAL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"The trial of the lab's namespaces did not end: {error}."
    if trial.returncode == 0:
        return None
    return trial.stdout.strip() or f"The trial of the lab's namespaces failed: {trial.stderr.strip()[-300:]}"


def _try() -> str | None:
    if not sys.platform.startswith("linux"):
        return "The lab needs Linux: it is built of its namespaces."
    before = conditions()
    try:
        user_namespace.enter()
        native.unshare(native.CLONE_NEWPID)
    except OSError as error:
        return explain(error, before)
    answer, say = os.pipe()
    if os.fork() == 0:  # the first process of the new PID namespace, as the lab's
        os.close(answer)
        os.write(say, (_try_inside(before) or "").encode())
        os._exit(0)
    os.close(say)
    with os.fdopen(answer) as stream:
        return stream.read() or None


def _try_inside(before: Conditions) -> str | None:
    try:
        native.unshare(native.CLONE_NEWNS | native.CLONE_NEWNET | native.CLONE_NEWUTS)
        native.mount("none", "/", "", native.MS_REC | native.MS_PRIVATE)
        native.mount("tmpfs", "/tmp", "tmpfs")
    except OSError as error:
        return explain(error, before)
    with suppress(OSError):  # where /proc is masked the old one serves, if it may be written
        native.mount("proc", "/proc", "proc", native.MS_NOSUID | native.MS_NODEV | native.MS_NOEXEC)
    try:
        if Path(_SETTING).exists():
            Path(_SETTING).write_text("1")
    except OSError as error:
        return (
            "The lab sets up its hosts by /proc/sys, which cannot be written here "
            f"({error.strerror}), as in a container; start it with: {_CONTAINER_CURE}"
        )
    return None


def _read(path: str) -> str:
    """A file of /proc, "" where this kernel has none."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""


if __name__ == "__main__":
    reason = _try()
    if reason is not None:
        print(reason)
        sys.exit(3)

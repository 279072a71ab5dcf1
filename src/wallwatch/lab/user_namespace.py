"""Become root of a namespace of one's own: how the lab does without root."""

from __future__ import annotations

import os
from pathlib import Path

from wallwatch.lab import native


def enter() -> None:
    """Move this single-threaded process into a new user namespace, as its root. Raises OSError.

    Root keeps all of its users (so that nothing looks different inside); others can map only themselves.
    """
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0 and _enter_with_all_users():
        return
    if not _is_in_new_namespace():
        native.unshare(native.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text(
        "deny"
    )  # the kernel's condition for writing gid_map (CVE-2014-8989)
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def _is_in_new_namespace() -> bool:
    return not Path("/proc/self/uid_map").read_text().strip()


def _same_map(kind: str) -> str:
    """The present map, as a map from this namespace to a child: each user stays who it is."""
    lines = Path(f"/proc/self/{kind}").read_text().splitlines()
    return "".join("{0} {0} {2}\n".format(*line.split()) for line in lines)


def _enter_with_all_users() -> bool:
    """Only a process that stayed outside may write such maps: a child of ours. False if it may not."""
    maps = {kind: _same_map(kind) for kind in ("uid_map", "gid_map")}
    go_read, go_write = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(go_write)
            if os.read(go_read, 1):
                for kind, text in maps.items():
                    Path(f"/proc/{parent}/{kind}").write_text(text)
                status = 0
        finally:
            os._exit(status)
    os.close(go_read)
    try:
        native.unshare(native.CLONE_NEWUSER)
        os.write(go_write, b"g")
    finally:
        os.close(go_write)
        _, result = os.waitpid(child, 0)
    return result == 0

"""System calls that Python 3.11 lacks: namespaces, mounts, prctl, timerfd. All raise OSError."""

from __future__ import annotations

import ctypes
import os
from typing import Any

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

_PR_SET_PDEATHSIG = 1
_TFD_NONBLOCK, _TFD_CLOEXEC = 0o4000, 0o2000000
_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1

_libc = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Move the calling thread to new namespaces (unshare(2))."""
    _checked(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int = 0) -> None:
    """Move the calling thread to the namespace behind a descriptor (setns(2)); a mount one resets the cwd."""
    _checked(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """mount(2)."""
    arguments = (source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())
    _checked(_libc.mount(*arguments), f"mount {target}")


def set_socket_option(descriptor: int, level: int, option: int, value: bytes) -> None:
    """setsockopt(2), letting other threads run meanwhile, as Python's own does not."""
    result = _libc.setsockopt(descriptor, level, option, value, len(value))
    _checked(result, "setsockopt")


def set_hostname(name: str) -> None:
    """In the calling process's UTS namespace."""
    encoded = name.encode()
    _checked(_libc.sethostname(encoded, len(encoded)), "sethostname")


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send that signal when the parent's thread that forked us ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl")


class Timer:
    """A timerfd on the monotonic clock. epoll alone rounds to milliseconds."""

    def __init__(self) -> None:
        flags = _TFD_NONBLOCK | _TFD_CLOEXEC
        self._descriptor = _checked(_libc.timerfd_create(_CLOCK_MONOTONIC, flags), "timerfd_create")
        self._spec: Any = _Itimerspec()
        self._reference = ctypes.byref(self._spec)
        self._settime = _libc.timerfd_settime

    def fileno(self) -> int:
        return self._descriptor

    def set(self, deadline: float) -> None:
        """Become readable at that time of `time.monotonic()`; in the past means at once."""
        nanoseconds = max(1, int(deadline * 1e9))
        value = self._spec.value
        value.seconds, value.nanoseconds = divmod(nanoseconds, 1_000_000_000)
        _checked(
            self._settime(self._descriptor, _TFD_TIMER_ABSTIME, self._reference, None), "timerfd_settime"
        )

    def clear(self) -> None:
        """Take note that it fired."""
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:
            return

    def close(self) -> None:
        os.close(self._descriptor)

"""Runs one command in a host of a running lab: `python enter.py PID NET MNT UTS -- COMMAND ...`.

A script of its own, started as one: it must have a single thread to enter a user namespace, and start fast,
so it is run without site-packages. It stays in the old PID namespace as the command's parent (only children
enter the new one), passes signals on, and ends as the command ends.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

if __name__ == "__main__":  # without site-packages nobody has told where wallwatch is
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

from wallwatch.lab import native

CANNOT_ENTER = 125  # as `env`, `nohup` and `docker run` use these
CANNOT_EXECUTE = 126
NOT_FOUND = 127

_PASSED_ON = {
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGCONT,
}
_FROM_THE_KERNEL = 0x80  # si_code of Ctrl-C and the like: the terminal has told the command already


def main(arguments: list[str]) -> int:
    """Enter, run, return the status (or end by the signal that ended the command)."""
    pid, network, mounts, name = arguments[:4]
    command = arguments[5:]
    try:
        _enter(pid, (network, mounts, name))
    except OSError as error:
        print(f"wallwatch: the lab is gone, or not ours to enter: {error.strerror}", file=sys.stderr)
        return CANNOT_ENTER
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON | {signal.SIGCHLD})
    child = os.fork()
    if child == 0:
        _become(command)
    return _end_as(_attend(child))


def _enter(pid: str, descriptors: tuple[str, str, str]) -> None:
    here = os.getcwd()  # noqa: PTH109  pathlib takes ten milliseconds to import
    paths = [f"/proc/{pid}/ns/user", f"/proc/{pid}/ns/pid"]
    paths += [f"/proc/{pid}/fd/{number}" for number in descriptors]
    opened = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in paths]
    for descriptor in opened:  # the user namespace first: it gives the right to enter the others
        native.setns(descriptor)
        os.close(descriptor)
    with suppress(OSError):  # entering the mounts has moved us to /
        os.chdir(here)


def _become(command: list[str]) -> None:
    status = CANNOT_EXECUTE
    try:
        native.die_with_parent(signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON | {signal.SIGCHLD})
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execvp(command[0], command)
    except FileNotFoundError:
        print(f"wallwatch: there is no command {command[0]!r}", file=sys.stderr)
        status = NOT_FOUND
    except OSError as error:
        print(f"wallwatch: cannot run {command[0]!r}: {error.strerror}", file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(status)


def _attend(child: int) -> int:
    """Pass signals on until the command ends; its wait status."""
    while True:
        told = signal.sigwaitinfo(_PASSED_ON | {signal.SIGCHLD})
        if told.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
            if ended and os.WIFSTOPPED(status):
                os.kill(os.getpid(), signal.SIGSTOP)  # Ctrl-Z stops us with it
                os.kill(child, signal.SIGCONT)
            elif ended:
                return status
        elif told.si_code != _FROM_THE_KERNEL:
            os.kill(child, told.si_signo)


def _end_as(status: int) -> int:
    if not os.WIFSIGNALED(status):
        return os.WEXITSTATUS(status)
    number = os.WTERMSIG(status)
    with suppress(OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one core file is enough
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    return 128 + number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

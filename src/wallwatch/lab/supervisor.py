"""`python -m wallwatch.lab.supervisor`: the process between a lab and whoever started it.

It has one thread and nothing else to do (the caller may have many, and a process with threads cannot enter a
user namespace): it becomes root of a user namespace, forks the lab's first process into a new PID namespace,
and waits. When the caller goes, so does the lab; when the lab's first process goes, all of the lab is gone.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from wallwatch.lab import native, places, support, user_namespace
from wallwatch.lab.messages import Config, Ready


def main() -> int:
    """Standard input: one line with the `Config`, then the lifeline. Standard output: one line, `Ready`."""
    gc.disable()  # imports make no garbage; those who live long enable it again
    config = msgspec.json.decode(sys.stdin.buffer.readline(), type=Config)
    with suppress(PermissionError):
        os.setsid()  # Ctrl-C is the caller's to handle
    conditions = support.conditions()
    try:
        folder = places.home()  # while we still are who we are
        places.running()  # clears away what dead ones left
    except OSError as error:
        _say(Ready(error=f"no folder for the lab: {error}"))
        return 1
    try:
        user_namespace.enter()
        native.unshare(native.CLONE_NEWPID)
    except OSError as error:
        _say(Ready(error=support.explain(error, conditions), cannot_here=True))
        return 1
    return _supervise(config, folder)


def _supervise(config: Config, folder: Path) -> int:
    go_read, go_write = os.pipe()
    ready_read, ready_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_write)
        os.close(ready_read)
        _become_first_process(config, go_read, ready_write)
    os.close(go_read)
    os.close(ready_write)
    place = places.claim(child, folder)
    os.write(go_write, os.fsencode(place.folder))
    os.close(go_write)
    try:
        return _watch(place, ready_read)
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)  # returns when every process of the lab is gone
        place.remove()


def _watch(place: places.Place, ready: int) -> int:
    """Until the caller hangs up or the lab is gone."""
    end_of_lab = os.pidfd_open(place.pid)
    with selectors.DefaultSelector() as selector:
        for descriptor in (sys.stdin.fileno(), end_of_lab, ready):
            selector.register(descriptor, selectors.EVENT_READ)
        said = False
        while True:
            readable = {key.fd for key, _ in selector.select()}
            if ready in readable and not said:
                word = os.read(ready, 65536).decode()
                selector.unregister(ready)
                if word == "ready":
                    _say(Ready(pid=place.pid, started=place.started, folder=str(place.folder)))
                else:
                    _say(Ready(error=word or "the lab ended while it was being built"))
                    return 1
                said = True
            if readable & {sys.stdin.fileno(), end_of_lab}:
                return 0


def _become_first_process(config: Config, go: int, ready: int) -> None:
    native.die_with_parent(signal.SIGKILL)
    folder = os.read(go, 4096)
    if not folder:  # the supervisor died before we asked to die with it
        os._exit(1)
    os.close(go)
    from wallwatch.lab import init

    os._exit(init.main(config, os.fsdecode(folder), ready))


def _say(ready: Ready) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())

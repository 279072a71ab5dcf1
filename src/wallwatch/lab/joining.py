"""Join a lab that runs: how to start a command in one of its hosts, and how to talk to its first process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from wallwatch.lab import enter, places
from wallwatch.lab.lines import Lines
from wallwatch.lab.messages import (
    CONTROL_SOCKET,
    Answer,
    Command,
    LabError,
    State,
    decode_answer,
    read_state,
)

_ANSWER_SECONDS = 30.0


def find() -> tuple[places.Place, State] | None:
    """This user's newest lab that is up; None if there is none."""
    for place in places.running():
        try:
            return place, read_state(place.inside)
        except OSError:
            continue  # still being built, or just gone
    return None


def start(
    place: places.Place, state: State, host: str, argv: Sequence[str], **popen: Any
) -> subprocess.Popen[Any]:
    """Start a command in a host. Raises KeyError for an unknown host, LabError if the lab is gone."""
    arguments = launcher(place, state, host, argv)
    popen["env"] = environment(state, popen.get("env"))
    return subprocess.Popen(arguments, **popen)


def launcher(place: places.Place, state: State, host: str, argv: Sequence[str]) -> list[str]:
    """The command line that runs a command in a host; give it `environment`. KeyError, LabError."""
    handle = state.hosts[host]
    if not place.is_alive():
        raise LabError("the lab has ended")
    descriptors = [str(number) for number in (handle.network, handle.mounts, handle.name)]
    return [sys.executable, "-I", "-S", enter.__file__, str(place.pid), *descriptors, "--", *argv]


def environment(state: State, given: Mapping[str, str] | None) -> dict[str, str]:
    """What a command in a host sees: the caller's own, and by what the lab's servers can be known."""
    inherited = os.environ if given is None else given
    known = {
        "SSL_CERT_FILE": state.ca_bundle,
        "CURL_CA_BUNDLE": state.ca_bundle,
        "WALLWATCH_NOISE_ROOT": state.noise_root,
    }
    return {**known, **inherited}


def ask(place: places.Place, command: Command) -> Answer:
    """Say something to the lab. Raises LabError if it is gone or says no."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(_ANSWER_SECONDS)
        try:
            _connect(channel, place)
            lines = Lines(channel)
            lines.send(command)
            line = lines.receive()
        except OSError as error:
            raise LabError(f"the lab does not answer: {error}") from error
    if line is None:
        raise LabError("the lab ended before it answered")
    return decode_answer(line).checked()


def _connect(channel: socket.socket, place: places.Place) -> None:
    """By way of a descriptor: the folder's path may be longer than a socket's may be (108 bytes)."""
    folder = os.open(place.inside, os.O_PATH | os.O_DIRECTORY)
    try:
        channel.connect(f"/proc/self/fd/{folder}/{CONTROL_SOCKET}")
    finally:
        os.close(folder)

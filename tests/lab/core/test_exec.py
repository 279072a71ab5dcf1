"""Commands in hosts: status, signals, descriptors, streams; as if there were nobody between."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.core.making import INSIDE, heard, start
from wallwatch.lab.lab import Lab

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("status", [0, 1, 77])
def test_the_commands_status_is_ours(lab: Lab, status: int) -> None:
    assert lab.exec("client", ["sh", "-c", f"exit {status}"]).wait(10) == status


def test_a_command_is_told_by_what_the_labs_servers_can_be_known(lab: Lab) -> None:
    command = ["sh", "-c", 'echo "$WALLWATCH_NOISE_ROOT"; test -r "$SSL_CERT_FILE"']
    process = lab.exec("client", command, stdout=subprocess.PIPE, text=True)
    said, _ = process.communicate(timeout=10)
    assert (process.returncode, said.strip()) == (0, lab.noise_root)


def test_a_command_that_is_not_there(lab: Lab) -> None:
    assert lab.exec("client", ["no-such-command"], stderr=subprocess.DEVNULL).wait(10) == 127


def test_a_host_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(KeyError):
        lab.exec("nowhere", ["true"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_signals_reach_the_command_and_its_end_is_ours(lab: Lab, number: signal.Signals) -> None:
    process = start(lab, "client", "wait_for_ever")
    assert heard(process) == "waiting"
    process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode == -number


def test_a_killed_launcher_takes_the_command_along(lab: Lab) -> None:
    process = lab.exec("client", ["sh", "-c", "echo $$; exec sleep 54321"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as stream:
        assert stream.readline()
        process.kill()
        process.wait(10)
        assert stream.read() == b""  # the other end is closed: nobody holds it any more


def test_standard_streams_are_handed_through(lab: Lab) -> None:
    process = lab.exec("client", ["tr", "a-z", "A-Z"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.communicate(b"hello", timeout=10)[0] == b"HELLO"


def test_the_environment_is_the_callers(lab: Lab) -> None:
    command = ["sh", "-c", 'echo "$COLOUR$SSL_CERT_FILE"']
    environment = {"COLOUR": "blue", "SSL_CERT_FILE": "-mine", "PATH": "/usr/bin:/bin"}
    process = lab.exec("client", command, env=environment, stdout=subprocess.PIPE)
    assert process.communicate(timeout=10)[0] == b"blue-mine\n"


def test_the_working_directory_may_be_chosen(lab: Lab, tmp_path: Path) -> None:
    process = lab.exec("client", ["pwd"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.communicate(timeout=10)[0].strip() == str(tmp_path)


def test_a_socket_made_outside_works_inside(lab: Lab) -> None:
    """How the station's page is reached from the machine itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, str(INSIDE), "inherited", str(server.fileno())]
        process = lab.exec("server", command, pass_fds=[server.fileno()], stdout=subprocess.PIPE)
        with socket.create_connection(server.getsockname()[:2], 10) as connection:
            assert connection.recv(100) == b"hello"
        assert process.communicate(timeout=10)[0] == b'"127.0.0.1"\n'


def test_the_machines_own_network_is_out_of_reach(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        process = start(lab, "client", "ask_tcp", "127.0.0.1", port, "?")
        assert heard(process) == "ConnectionRefusedError"
        process.communicate(timeout=10)

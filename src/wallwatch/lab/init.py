"""The lab's first process: builds the hosts, starts router and test doubles, obeys the control channel.

It is number 1 of a PID namespace, so the kernel ends everything in the lab when it ends; and it holds the
namespaces of the hosts as descriptors, which keeps them alive without a process in each.
"""

from __future__ import annotations

import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec

from wallwatch.lab import doubles, host_files, host_network, native
from wallwatch.lab.conductor import Conductor, DoubleChannel
from wallwatch.lab.messages import CONTROL_SOCKET, STATE_FILE, Config, HostHandle, State
from wallwatch.lab.netlink import Netlink
from wallwatch.lab.router.config import Port, RouterConfig

_FILES = "hosts"


def main(config: Config, folder: str, ready: int) -> int:
    """Build, say "ready" (or what went wrong) on that descriptor, serve. The exit status."""
    try:
        builder = _Builder(config, Path(folder))
        conductor = builder.build()
    except Exception as error:  # noqa: BLE001  the process's edge; the reason goes to whoever waits for the lab
        traceback.print_exc()
        os.write(ready, f"{type(error).__name__}: {error}".encode())
        return 1
    os.write(ready, b"ready")
    os.close(ready)
    return conductor.serve()


class _Builder:
    """Puts one lab up; what it makes along the way is kept by the conductor."""

    def __init__(self, config: Config, folder: Path) -> None:
        self._config = config
        self._scenario = config.scenario
        self._folder = folder
        self._began = time.monotonic()
        self._seconds: dict[str, float] = {}
        self._handles: dict[str, HostHandle] = {}
        self._networks: dict[str, host_network.HostNetwork] = {}

    def build(self) -> Conductor:
        self._open_namespaces()
        doubles_channel = self._fork_doubles()
        router = self._fork_router()
        self._build_hosts()
        self._note("hosts")
        _plug_in(router)
        self._note("router")
        keys = _receive_keys(doubles_channel)
        self._note("keys")
        services = self._start_doubles(doubles_channel)
        for service in services:
            service.wait_until_ready()
        self._note("services")
        control = self._listen()
        self._write_state(keys)
        self._kept = doubles_channel  # the process that forks the doubles lives as long as this
        return Conductor(self._scenario, control, router, services, self._networks, self._netlink)

    def _note(self, part: str) -> None:
        self._seconds[part] = round(time.monotonic() - self._began, 6)

    def _open_namespaces(self) -> None:
        native.unshare(native.CLONE_NEWNS | native.CLONE_NEWNET | native.CLONE_NEWUTS)
        native.mount("none", "/", "", native.MS_REC | native.MS_PRIVATE)
        guarded = native.MS_NOSUID | native.MS_NODEV
        native.mount("tmpfs", str(self._folder), "tmpfs", guarded, "mode=0755")
        try:
            native.mount("proc", "/proc", "proc", guarded | native.MS_NOEXEC)
        except (
            PermissionError
        ):  # a container with a masked /proc: the lab's own processes show with outer numbers
            print("lab: no /proc of its own here", file=sys.stderr)
        os.chdir("/")

    def _fork_doubles(self) -> socket.socket:
        certificates = self._folder / doubles.CERTIFICATES
        certificates.mkdir()
        (self._folder / doubles.LEAVES).mkdir(mode=0o700)
        for name in host_files.CA_BUNDLES:
            (certificates / name).touch()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            ours.close()
            _run_and_exit(lambda: doubles.run(self._scenario, self._config.seed, self._folder, theirs))
        theirs.close()
        return ours

    def _build_hosts(self) -> None:
        files = self._folder / _FILES
        host_files.write_files(self._scenario, files)
        host_files.prepare_common(self._folder, self._folder / doubles.CERTIFICATES)
        here = {kind: os.open(f"/proc/self/ns/{kind}", os.O_RDONLY) for kind in ("net", "mnt", "uts")}
        self._netlink = Netlink()
        host_network.prepare_router_namespace(self._netlink)
        for number, host in enumerate(self._scenario.hosts, start=1):
            native.unshare(native.CLONE_NEWUTS)
            native.set_hostname(host.name)
            name = os.open("/proc/self/ns/uts", os.O_RDONLY)
            network = host_network.build(self._netlink, here["net"], number, host)
            mounts = host_files.build(host, files, here["mnt"])
            self._networks[host.name] = network
            self._handles[host.name] = HostHandle(network=network.namespace, mounts=mounts, name=name)
        native.setns(here["uts"], native.CLONE_NEWUTS)
        for descriptor in here.values():
            os.close(descriptor)

    def _fork_router(self) -> socket.socket:
        """Returns our end of its channel."""
        ports = [
            Port(host=host.name, interface=host_network.port_of(number), mac=host_network.mac_of(number))
            for number, host in enumerate(self._scenario.hosts, start=1)
        ]
        truth = os.open(self._truth_log(), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o644)
        config = RouterConfig(scenario=self._scenario, seed=self._config.seed, ports=ports, truth=truth)
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            ours.close()
            _run_and_exit(lambda: _route(config, theirs))
        theirs.close()
        os.close(truth)
        return ours

    def _truth_log(self) -> Path:
        return Path(self._config.folder or self._folder) / "truth.jsonl"

    def _start_doubles(self, channel: socket.socket) -> list[DoubleChannel]:
        started = []
        for host in self._scenario.hosts:
            if not host.services:
                continue
            ours, theirs = socket.socketpair()
            handle = self._handles[host.name]
            descriptors = [handle.network, handle.mounts, handle.name, theirs.fileno()]
            socket.send_fds(channel, [host.name.encode()], descriptors)
            theirs.close()
            started.append(DoubleChannel(host.name, tuple(host.services), ours))
        return started

    def _listen(self) -> socket.socket:
        control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        os.chdir(self._folder)  # the folder's path may be longer than a socket's may be
        control.bind(CONTROL_SOCKET)
        os.chdir("/")
        control.listen(8)
        return control

    def _write_state(self, keys: doubles.Keys) -> None:
        state = State(
            scenario=self._scenario.name,
            seed=self._config.seed,
            hosts=self._handles,
            truth_log=str(self._truth_log()),
            ca_pem=keys.ca_pem,
            ca_bundle=str(self._folder / doubles.CERTIFICATES / host_files.CA_BUNDLES[0]),
            noise_root=keys.noise_root,
            seconds=self._seconds,
        )
        (self._folder / STATE_FILE).write_bytes(msgspec.json.encode(state))


def _route(config: RouterConfig, channel: socket.socket) -> None:
    from wallwatch.lab.router import process  # here, so that it is imported while we build the hosts

    process.main(config, channel)


def _plug_in(router: socket.socket) -> None:
    """Tell the router that all cables are there; returns once it sees every packet."""
    router.send(b"\n")
    if router.recv(1) != b"\n":
        raise RuntimeError("the router did not start; the lab's log says why")


def _receive_keys(channel: socket.socket) -> doubles.Keys:
    message = channel.recv(65536)
    if not message:
        raise RuntimeError("the process of the test doubles ended before it began; the lab's log says why")
    return msgspec.json.decode(message, type=doubles.Keys)


def _run_and_exit(work: Callable[[], object]) -> NoReturn:
    """In a forked child: nothing of the parent's stack may run on."""
    status = 1
    try:
        work()
        status = 0
    except BaseException:  # noqa: BLE001  a process's edge
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)

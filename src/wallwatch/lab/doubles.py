"""The process that serves the hosts' test doubles: one child a host, forked after the imports.

It runs beside the building of the namespaces, since importing the cryptography takes as long as they do. It
makes the lab's keys too. The only place that knows how `lab/services` wants to be called.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from wallwatch.lab import native
from wallwatch.lab.host_files import CA_BUNDLES
from wallwatch.lab.scenario import Host, Scenario

if TYPE_CHECKING:
    from wallwatch.lab.pki import Authority, NoiseKeys

CERTIFICATES = "certificates"  # folders below the lab's
LEAVES = "leaves"
_LARGEST_MESSAGE = 65536


class Keys(Struct, frozen=True):
    """What the outside may know of the lab's keys."""

    ca_pem: str
    noise_root: str  # hex, X25519 public


class HostNamespaces(Struct, frozen=True):
    """Descriptors of a host's namespaces."""

    network: int
    mounts: int
    name: int

    def enter(self) -> None:
        """Move this process there. Resets the working directory to /."""
        native.setns(self.network, native.CLONE_NEWNET)
        native.setns(self.name, native.CLONE_NEWUTS)
        native.setns(self.mounts, native.CLONE_NEWNS)
        os.chdir("/")


def run(scenario: Scenario, seed: int, folder: Path, channel: socket.socket) -> None:
    """Make the keys, tell them, serve each host whose namespaces arrive over `channel`; until it closes."""
    from wallwatch.lab import pki  # slow to import, as are the doubles below

    authority, noise = pki.Authority(), pki.make_noise_keys()
    _write_authority(authority, folder / CERTIFICATES)
    if any(host.services for host in scenario.hosts):
        _import_doubles()
    for host in scenario.hosts:
        _write_leaf(authority, host, folder / LEAVES)
    channel.send(msgspec.json.encode(Keys(authority.pem, noise.root_public)))
    gc.freeze()  # the children leave alone what is shared with them
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the end of a child is seen on its control channel
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, _LARGEST_MESSAGE, 4)
        if not message:
            return
        if os.fork() == 0:
            channel.close()
            network, mounts, name, control = descriptors
            HostNamespaces(network, mounts, name).enter()
            os._exit(_serve(scenario.host(message.decode()), seed, folder, noise, control))
        for descriptor in descriptors:
            os.close(descriptor)


def _import_doubles() -> None:
    """So that the children share what is imported."""
    from wallwatch import plugins

    plugins.discover("wallwatch.lab.services", "SERVICE")


def _write_authority(authority: Authority, folder: Path) -> None:
    for name in CA_BUNDLES:
        (folder / name).write_text(authority.pem)
    (folder / f"{authority.openssl_hash()}.0").write_text(authority.pem)


def _write_leaf(authority: Authority, host: Host, folder: Path) -> None:
    if host.certificates:
        leaf = authority.issue(host.certificates)
        (folder / f"{host.name}.pem").write_text(leaf.chain_pem)
        (folder / f"{host.name}.key").write_text(leaf.key_pem)


def _serve(host: Host, seed: int, folder: Path, noise: NoiseKeys, control: int) -> int:
    """Run the host's doubles; returns the exit status. A task's outer edge."""
    from wallwatch.lab import pki
    from wallwatch.lab.services._context import ServiceContext
    from wallwatch.lab.services._run import run_services

    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    logging.basicConfig(format=f"%(asctime)s {host.name} %(name)s: %(message)s", stream=sys.stderr)
    has_leaf = bool(host.certificates)
    context = ServiceContext(
        addresses=tuple(host.addresses),
        certificate=str(folder / LEAVES / f"{host.name}.pem") if has_leaf else "",
        key=str(folder / LEAVES / f"{host.name}.key") if has_leaf else "",
        noise_root_private=noise.root_private,
        noise_static_private=noise.leaf_private,
        valid_from=pki.NOT_BEFORE,
        valid_until=pki.NOT_AFTER,
        seed=seed,
    )
    try:
        return run_services(list(host.services.items()), context, control)
    except Exception:
        logging.exception("the test doubles of %s ended", host.name)
        return 1
    finally:
        sys.stderr.flush()

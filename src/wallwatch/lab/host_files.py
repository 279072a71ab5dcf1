"""A host's view of the file system: its own resolv.conf, hosts, nsswitch.conf and certificate authorities.

All else is the machine's. Files are bound over the machine's own in a mount namespace of the host; nothing is
written outside the lab's tmpfs.
"""

from __future__ import annotations

import os
from pathlib import Path

from wallwatch.lab import native
from wallwatch.lab.scenario import Host, Scenario

NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"

ETC = Path("/etc")
BOUND = ("hosts", "resolv.conf", "nsswitch.conf")

# What the bundle is called by Debian, Fedora and RHEL.
CA_BUNDLES = ("ca-certificates.crt", "ca-bundle.crt", "tls-ca-bundle.pem")
# Where systems keep the certificate authorities: directories first, then single files.
CA_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted/pem")
CA_FILES = ("/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem")
# A resolver or name cache of the machine, reached by its UNIX socket, would answer past the lab's DNS.
SOCKETS_TO_HIDE = ("/run/systemd/resolve", "/run/nscd", "/var/run/nscd")


def write_files(scenario: Scenario, folder: Path) -> None:
    """Write every host's files below `folder`, which the lab's tmpfs holds."""
    everyone = _hosts_lines(scenario)
    for host in scenario.hosts:
        place = folder / host.name
        place.mkdir(parents=True)
        (place / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{everyone}")
        (place / "resolv.conf").write_text(_resolv_conf(scenario, host))
        (place / "nsswitch.conf").write_text(NSSWITCH)


def build(host: Host, files: Path, common: int) -> int:
    """Make the host's mount namespace and return its descriptor. We are in `common` before and after."""
    native.unshare(native.CLONE_NEWNS)
    try:
        for name in BOUND:
            native.mount(str(files / host.name / name), str((ETC / name).resolve()), "", native.MS_BIND)
        return os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        native.setns(common, native.CLONE_NEWNS)
        os.chdir("/")


def prepare_common(folder: Path, certificates: Path) -> None:
    """In the mount namespace all hosts' are made from: the lab's authority alone, no sockets of resolvers."""
    _complete_etc(folder)
    for name in SOCKETS_TO_HIDE:
        if Path(name).is_dir():
            native.mount("tmpfs", str(Path(name).resolve()), "tmpfs", native.MS_NOSUID | native.MS_NODEV)
    for name in CA_DIRECTORIES:
        if Path(name).is_dir():
            native.mount(str(certificates), name, "", native.MS_BIND)
    for name in CA_FILES:
        if Path(name).is_file():
            native.mount(str(certificates / CA_BUNDLES[0]), name, "", native.MS_BIND)


def _complete_etc(folder: Path) -> None:
    """A file that is missing (or a dangling link) cannot be bound over: lay an /etc that has it on top."""
    missing = [name for name in BOUND if not (ETC / name).exists()]
    if not missing:
        return
    upper, work = folder / "etc-upper", folder / "etc-work"
    work.mkdir()
    upper.mkdir()
    for name in missing:
        (upper / name).touch()
    native.mount(
        "overlay", str(ETC), "overlay", 0, f"lowerdir={ETC},upperdir={upper},workdir={work},userxattr"
    )


def _resolv_conf(scenario: Scenario, host: Host) -> str:
    if host.resolver is None:
        return "# this host has no DNS\n"
    lines = [f"nameserver {address}\n" for address in scenario.host(host.resolver).addresses]
    return "".join(lines) + "options timeout:2 attempts:2\n"


def _hosts_lines(scenario: Scenario) -> str:
    """Each host is known to all as NAME.lab: for people; what programs look up goes through DNS."""
    return "".join(f"{address} {host.name}.lab\n" for host in scenario.hosts for address in host.addresses)

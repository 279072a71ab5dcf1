"""A host's network namespace: one interface `eth0` to the router, its addresses, its kernel settings.

Every host has its addresses as /32 and /128 on a link without neighbour discovery, and a default route out
of it: no ARP, no gateway, and every packet to anybody else goes through the router.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

from msgspec import Struct

from wallwatch.lab import native
from wallwatch.lab.netlink import Netlink
from wallwatch.lab.scenario import Host

MTU = 1500
LOOPBACK = 1  # the index of `lo` in every network namespace

_SIOCETHTOOL = 0x8946
# SRXCSUM, STXCSUM, SSG, STSO, SGSO, SGRO: with them on, a veth hands over 64 KiB packets without checksums.
_OFFLOADS = (0x15, 0x17, 0x19, 0x1F, 0x24, 0x2C)

_SETTINGS = {
    "ipv4/ip_unprivileged_port_start": "0",
    "ipv4/ping_group_range": "0 0",
    "ipv4/ip_forward": "0",
    "ipv4/icmp_ratelimit": "0",
    "ipv4/conf/all/rp_filter": "0",  # copied from the machine's first namespace otherwise
    "ipv4/conf/default/rp_filter": "0",
    "ipv6/icmp/ratelimit": "0",
    "ipv6/conf/all/disable_ipv6": "0",
    "ipv6/conf/default/disable_ipv6": "0",
    "ipv6/conf/default/accept_ra": "0",
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/conf/default/addr_gen_mode": "1",  # no link-local address, so no multicast chatter
    "ipv6/conf/lo/disable_ipv6": "0",
}
_ROUTER_SETTINGS = {
    "ipv4/ip_forward": "0",
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
}


class HostNetwork(Struct, frozen=True):
    """What is kept of a host's network namespace."""

    namespace: int  # descriptor
    netlink: Netlink  # inside it
    interface: int  # index of eth0, inside
    port: int  # index of the router's end, in the router's namespace


def mac_of(number: int) -> bytes:
    """Of a host's eth0; hosts are numbered from 1."""
    return bytes((2, 0, 0, 0, number >> 8, number & 0xFF))


def port_of(number: int) -> str:
    """The name of the router's end of a host's cable."""
    return f"r{number}"


def has_ipv6() -> bool:
    """Whether this kernel speaks IPv6 at all."""
    return Path("/proc/net/if_inet6").exists()


def apply_settings(settings: dict[str, str]) -> None:
    """Write kernel settings of the present network namespace; says which could not be written.

    The lab does without all of them but `ip_nonlocal_bind` (it is root in there); `support` tries that one.
    """
    for name, value in settings.items():
        try:
            Path("/proc/sys/net", name).write_text(value)
        except OSError as error:
            if has_ipv6() or not name.startswith("ipv6"):
                print(f"lab: cannot set net/{name}: {error.strerror}", file=sys.stderr)


def prepare_router_namespace(netlink: Netlink) -> None:
    """The router's ends of all links live here; the kernel itself must not speak on them."""
    apply_settings(_ROUTER_SETTINGS)
    netlink.set_up(LOOPBACK, resolve=True)


def build(router: Netlink, router_namespace: int, number: int, host: Host) -> HostNetwork:
    """Make a namespace for a host, linked to the router's. We are in the router's before and after."""
    mac, port_name = mac_of(number), port_of(number)
    native.unshare(native.CLONE_NEWNET)
    try:
        namespace = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        netlink = Netlink()
        apply_settings(_SETTINGS)
        netlink.set_up(LOOPBACK, resolve=True)
        router.add_veth(port_name, "eth0", mac, namespace, MTU)
        interface = _configure(netlink, host)
    finally:
        native.setns(router_namespace, native.CLONE_NEWNET)
    port = socket.if_nametoindex(port_name)
    router.set_up(port)
    return HostNetwork(namespace, netlink, interface, port)


def _configure(netlink: Netlink, host: Host) -> int:
    interface = socket.if_nametoindex("eth0")
    _turn_off_offloads("eth0")
    netlink.set_up(interface)
    usable = [address for address in host.addresses if has_ipv6() or ":" not in address]
    for address in usable:
        netlink.add_address(interface, address)
    for version in sorted({6 if ":" in address else 4 for address in usable}):
        netlink.add_default_route(interface, version)
    prefixes = [prefix for prefix in host.prefixes if has_ipv6() or ":" not in prefix]
    for prefix in prefixes:
        netlink.add_local_prefix(prefix)
    if any(
        ":" in prefix for prefix in prefixes
    ):  # IPv4 lets one bind any local address, IPv6 only assigned ones
        apply_settings({"ipv6/ip_nonlocal_bind": "1"})
    return interface


def _turn_off_offloads(name: str) -> None:
    """One frame, one packet, with its checksums: what a censor on a wire would see."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for command in _OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("=II", command, 0))
            request = struct.pack("16sP", name.encode(), ctypes.addressof(value))
            try:
                fcntl.ioctl(handle, _SIOCETHTOOL, request)
            except OSError as error:
                if command in (0x17, 0x1F, 0x24):  # without these, packets would not be what they seem
                    raise OSError(error.errno, f"cannot turn off offloads: {error.strerror}") from error

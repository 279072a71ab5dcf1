"""`wallwatch doctor`: what this machine can and cannot do, each with the cure."""

from __future__ import annotations

import ctypes
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from wallwatch import exits

RELEASED = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right shows an earlier time
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_TIME_ERROR = 5  # what adjtimex(2) returns where nothing keeps the clock in step
_TIMEX_SIZE = 512  # more than struct timex has on any architecture
_ANY_V6_ADDRESS = "2001:4860:4860::8888"  # nothing is sent there: the kernel is asked for a route, no more


class Finding(Struct, frozen=True, kw_only=True):
    """What was found out about one thing."""

    name: str
    ok: bool
    needed: bool  # without it the exit status is 3
    detail: str
    cure: str  # "" where all is well


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def COMMAND(as_json: bool) -> int:  # noqa: N802, the name that the command line looks for
    """Look at what this machine can do, and say what helps where it cannot."""
    findings = [check() for check in CHECKS]
    for finding in findings:
        if as_json:
            click.echo(msgspec.json.encode(finding))
        else:
            click.echo(_text(finding))
    return exits.CANNOT_HERE if any(f.needed and not f.ok for f in findings) else exits.DONE


def _text(finding: Finding) -> str:
    mark = "ok" if finding.ok else "MISSING" if finding.needed else "advice"
    cure = f"\n{'':20}{finding.cure}" if finding.cure else ""
    return f"{finding.name:<12}{mark:<8}{finding.detail}{cure}"


def check_namespaces() -> Finding:
    """The lab: user, network, mount and PID namespaces, by trying."""
    from wallwatch.lab.support import why_not

    reason = why_not()
    if reason is None:
        detail = "the lab, `wallwatch demo` and the lab's tests run here"
        return Finding(name="namespaces", ok=True, needed=True, detail=detail, cure="")
    detail = "the lab, `wallwatch demo` and the lab's tests cannot run here"
    return Finding(name="namespaces", ok=False, needed=True, detail=detail, cure=reason)


def check_clock() -> Finding:
    """Measurements are joined and certificates are judged by the time of day."""
    now = datetime.now(UTC)
    if now < RELEASED:
        cure = "Set it: sudo timedatectl set-ntp true, or: sudo date --set ..."
        detail = f"{now:%Y-%m-%d %H:%M} UTC lies before this program was written"
        return Finding(name="clock", ok=False, needed=True, detail=detail, cure=cure)
    if ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_SIZE)) == _TIME_ERROR:
        cure = "If the time is wrong: sudo timedatectl set-ntp true (in a container or VM: on its host)."
        detail = f"{now:%Y-%m-%d %H:%M} UTC, and nothing is known to keep it in step"
        return Finding(name="clock", ok=False, needed=False, detail=detail, cure=cure)
    detail = f"{now:%Y-%m-%d %H:%M} UTC, kept in step"
    return Finding(name="clock", ok=True, needed=True, detail=detail, cure="")


def check_ipv6() -> Finding:
    """A probe without IPv6 measures IPv4 alone; the lab has both where the kernel has."""
    if not Path("/proc/net/if_inet6").exists():
        cure = "Boot without ipv6.disable=1; until then only IPv4 is measured, in the lab too."
        return Finding(name="ipv6", ok=False, needed=False, detail="this kernel speaks no IPv6", cure=cure)
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as handle:
            handle.connect((_ANY_V6_ADDRESS, 9))
    except OSError:
        cure = "Ask your network for IPv6; until then a probe here measures IPv4 alone. The lab has both."
        return Finding(name="ipv6", ok=False, needed=False, detail="no route to the IPv6 internet", cure=cure)
    return Finding(name="ipv6", ok=True, needed=False, detail="there is a route", cure="")


def check_browser() -> Finding:
    """Only the tests of the pages need one."""
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return Finding(name="browser", ok=True, needed=False, detail=found, cure="")
    cure = "Only the browser tests of the pages need it. On Debian: sudo apt-get install chromium"
    return Finding(name="browser", ok=False, needed=False, detail="no Chromium", cure=cure)


CHECKS: tuple[Callable[[], Finding], ...] = (check_namespaces, check_clock, check_ipv6, check_browser)

"""Which addresses are kept out of the records."""

from __future__ import annotations

import errno

import pytest

from tests.fakes import FakeNet, run
from tests.net.stepping import steps_over
from wallwatch.net.failed import Failed
from wallwatch.net.privacy import gives_away
from wallwatch.net.seam import Endpoint, IcmpError, IcmpFailure

HOME = "2a02:1234:5678:9::20"


@pytest.mark.parametrize(
    ("address", "local", "expected"),
    [
        ("203.0.113.1", "192.0.2.2", False),
        ("192.0.2.2", "192.0.2.2", True),
        ("2a02:1234:5678::1", HOME, True),
        ("2a02:1234:5679::1", HOME, False),
        ("2620:fe::fe", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", False),
        ("fd00::1", "fd00::2", False),
        ("127.0.0.1", "127.0.0.1", False),
        ("203.0.113.1", None, False),
        ("2a02:1234:5678::1", None, True),
        ("fe80::1", None, False),
    ],
)
def test_gives_away(address: str, local: str | None, expected: bool) -> None:
    assert gives_away(address, local) is expected


@pytest.mark.parametrize(
    ("offender", "recorded"),
    [("2a02:1234:5678::1", ""), ("2a02:abcd::1", "2a02:abcd::1"), ("198.51.100.1", "198.51.100.1"), ("", "")],
)
def test_the_home_router_is_not_named_as_offender(offender: str, recorded: str) -> None:
    net = FakeNet()
    server = Endpoint("2001:db8::7", 443)
    icmp = IcmpError(kind=3, code=0, offender=offender, errno=errno.EHOSTUNREACH)
    error = OSError(errno.EHOSTUNREACH, "No route to host")
    net.fail(server, IcmpFailure(error, (icmp,), Endpoint(HOME, 40000)))
    steps = steps_over(net)
    with pytest.raises(Failed, match="host_unreachable"):
        run(steps.connect(server))
    assert [record.offender for record in steps.trace.icmp_errors] == [recorded]

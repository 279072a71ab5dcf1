"""Which path two hosts have, and whose an address is."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from tests.lab.core.making import HOPS, small
from wallwatch.lab.router.routes import Queue, Routes

CLIENT, NEAR, DNS, SERVER, DROPPER, CRAWLER = range(6)


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("101.95.0.10", CLIENT),
        ("2001:610::10", SERVER),
        ("157.240.0.255", SERVER),
        ("2a03:2880::1234", SERVER),
        ("157.240.1.0", None),
        ("255.255.255.255", None),
        ("ff02::1", None),
    ],
)
def test_whose_an_address_is(address: str, owner: int | None) -> None:
    routes = Routes(small())
    for _ in range(2):  # the second time from memory
        assert routes.owner(ip_address(address).packed) == owner


@pytest.mark.parametrize(
    ("ends", "delay", "loss"),
    [
        ((CLIENT, SERVER), 0.025, 0.0),
        ((SERVER, CLIENT), 0.025, 0.0),
        ((CLIENT, DROPPER), 0.001, 0.1),
        ((DROPPER, NEAR), 0.001, 0.1),
        ((CLIENT, NEAR), 0.002, 0.0),
        ((SERVER, DROPPER), 0.010, 0.0),  # nothing is said about these two
    ],
)
def test_the_most_exact_path_holds(ends: tuple[int, int], delay: float, loss: float) -> None:
    route = Routes(small()).between(*ends)
    assert (route.delay, route.loss) == (delay, loss)


def test_the_way_back_has_the_same_hops_in_the_other_order() -> None:
    routes = Routes(small())
    there, back = routes.between(CLIENT, SERVER), routes.between(SERVER, CLIENT)
    assert there.hop_addresses[4] == HOPS
    assert back.hop_addresses[4] == HOPS[::-1]
    assert (there.direction, back.direction) == ("outbound", "inbound")
    assert (there.sites, back.sites) == ([(2, "border")], [(3, "border")])


def test_a_queue_spaces_packets_and_refuses_what_waits_too_long() -> None:
    queue = Queue(rate_kbps=80.0, longest_ms=250.0)  # 10 000 bytes a second
    left = [queue.admit(0.0, 1000) for _ in range(5)]
    assert left == pytest.approx([0.1, 0.2, 0.3, None, None])
    assert queue.admit(10.0, 1000) == pytest.approx(10.1)


def test_hosts_that_share_a_path_share_its_queue() -> None:
    routes = Routes(small())
    one, other = routes.between(CLIENT, CRAWLER), routes.between(NEAR, CRAWLER)
    assert one.queue is other.queue
    assert one.queue is not routes.between(CRAWLER, CLIENT).queue

"""Real packets between a lab's hosts: delay, both families, hops, loss, rate, every address of a prefix."""

from __future__ import annotations

import pytest

from tests.lab.core.making import HOPS, HOPS6, echoed, heard, result, run, start
from wallwatch.lab.lab import Lab

pytestmark = pytest.mark.lab

ROUND_TRIP = 50.0  # milliseconds between west and east
MARGIN = 20.0
SERVER = {4: "145.100.0.10", 6: "2001:610::10"}
CLIENT = {4: "101.95.0.10", 6: "240e:1::10"}


@pytest.mark.parametrize("family", [4, 6])
def test_ping_takes_as_long_as_the_path_says(lab: Lab, family: int) -> None:
    far = min(run(lab, "client", "ping", SERVER[family], 10))  # a busy machine only adds
    assert ROUND_TRIP <= far < ROUND_TRIP + MARGIN


def test_near_is_nearer_than_far(lab: Lab) -> None:
    near = min(run(lab, "client", "ping", "101.95.0.20", 10))
    far = min(run(lab, "client", "ping", SERVER[4], 10))
    assert near >= 4.0
    assert near + MARGIN < far


@pytest.mark.parametrize("family", [4, 6])
def test_tcp_arrives_from_the_clients_own_address(lab: Lab, family: int) -> None:
    (text, connected, source), (seen, answered) = echoed(lab, "server", SERVER[family])
    assert (text, source, seen, answered) == ("hello", CLIENT[family], CLIENT[family], SERVER[family])
    assert connected >= ROUND_TRIP


@pytest.mark.parametrize("address", ["157.240.0.77", "2a03:2880::77"])
def test_every_address_of_a_prefix_is_the_hosts_own(lab: Lab, address: str) -> None:
    (text, _, _), (_, answered) = echoed(lab, "server", address)
    assert (text, answered) == ("hello", address)


@pytest.mark.parametrize("family", [4, 6])
def test_udp_goes_and_comes_back(lab: Lab, family: int) -> None:
    server = start(lab, "server", "serve_udp", SERVER[family], 7001, 1)
    assert heard(server) == "listening"
    assert run(lab, "client", "send_udp", SERVER[family], 7001, 7002, 50) == 50
    assert result(server) == list(range(50))


@pytest.mark.parametrize("family", [4, 6])
def test_a_ttl_sweep_finds_the_hops_one_after_the_other(lab: Lab, family: int) -> None:
    found = run(lab, "client", "sweep", SERVER[family], 33434, 5)
    hops = HOPS if family == 4 else HOPS6
    exceeded, unreachable = ([11, 0], [3, 3]) if family == 4 else ([3, 0], [1, 4])
    assert [where for where, *_ in found] == [*hops, SERVER[family]]
    assert [[kind, code] for _, kind, code, _ in found] == [exceeded] * 4 + [unreachable]
    again = [run(lab, "client", "sweep", SERVER[family], 33434, 5) for _ in range(3)]
    for position in range(1, 6):
        elapsed = min(sweep[position - 1][3] for sweep in [found, *again])  # a busy machine only adds
        due = ROUND_TRIP * position / 5
        assert due <= elapsed < due + MARGIN


def test_from_the_other_side_the_hops_come_in_the_other_order(lab: Lab) -> None:
    found = run(lab, "server", "sweep", CLIENT[4], 33434, 4)
    assert [where for where, *_ in found] == HOPS[::-1]


def test_what_arrives_has_lost_a_ttl_for_every_hop(lab: Lab) -> None:
    """5 gets there, 4 does not: the answer of the last sweep above and the first error of the next."""
    assert [kind for _, kind, *_ in run(lab, "client", "sweep", SERVER[4], 33434, 5)] == [11, 11, 11, 11, 3]


def test_nobody_answers_where_nobody_lives(lab: Lab) -> None:
    before = lab.counters().get("dropped.no_route", 0)
    assert run(lab, "client", "ask_tcp", "8.8.8.8", 53, "?", 0.3) == "TimeoutError"
    assert lab.counters()["dropped.no_route"] > before


def _lossy_arrivals(lab: Lab) -> list[int]:
    lab.set_instant(lab.scenario.stages[0].since)  # every flow's packets are counted from 1 again
    server = start(lab, "dropper", "serve_udp", "146.1.0.10", 7003, 1)
    assert heard(server) == "listening"
    run(lab, "client", "send_udp", "146.1.0.10", 7003, 7004, 400)
    arrived: list[int] = result(server)
    return arrived


def test_loss_repeats_itself_packet_by_packet(lab: Lab) -> None:
    first = _lossy_arrivals(lab)
    assert 320 <= len(first) <= 390  # 360 of 400 and five standard deviations
    assert _lossy_arrivals(lab) == first
    assert lab.counters()["dropped.loss"] > 0


def test_rate_is_what_the_path_says(lab: Lab) -> None:
    server = start(lab, "crawler", "sink_tcp", "147.1.0.10", 7005)
    assert heard(server) == "listening"
    run(lab, "client", "pour_tcp", "147.1.0.10", 7005, 250_000)
    assert 1400 < result(server) <= 2000  # of 2000; headers, and the queue's drops, take their share

"""The router's decisions about single packets, without a network: cables that remember, time that is told."""

from __future__ import annotations

import heapq
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.core.making import HOPS, HOPS6, small
from wallwatch.lab.censor import PASS, Action, Censor, Decision, Direction, Injection, Randomness
from wallwatch.lab.router.boxes import Box, Boxes
from wallwatch.lab.router.flows import draws, flow_key
from wallwatch.lab.router.forwarder import Forwarder
from wallwatch.lab.router.lab_clock import LabClock
from wallwatch.lab.router.routes import Routes
from wallwatch.lab.router.truth import TruthLog
from wallwatch.wire.packet import (
    IpHeader,
    Packet,
    TcpHeader,
    build_icmp_time_exceeded,
    build_tcp,
    build_udp,
)

CLIENT, SERVER = "101.95.0.10", "145.100.0.10"
CLIENT6, SERVER6 = "240e:1::10", "2001:610::10"
ETHERNET = {4: bytes(12) + b"\x08\x00", 6: bytes(12) + b"\x86\xdd"}
SEED = b"seed"


class FakeCable:
    """Remembers what was sent, and when."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.frames: list[tuple[float, bytes]] = []

    @property
    def sent(self) -> list[tuple[float, Packet]]:
        return [(when, Packet.from_bytes(raw)) for when, raw in self.frames]

    def send(self, packet: bytes) -> None:
        self.frames.append((self._now(), packet))


class Told:
    """A censor that does what it was told, and remembers what it saw."""

    def __init__(self, answer: Callable[[Packet, Randomness], Action], in_path: bool = False) -> None:
        self._answer = answer
        self.in_path = in_path
        self.saw: list[tuple[Packet, Direction, float]] = []
        self.leaps = 0

    def on_packet(self, packet: Packet, direction: Direction, now: float, random: Randomness) -> Action:
        self.saw.append((packet, direction, now))
        return self._answer(packet, random)

    def leap(self) -> None:
        self.leaps += 1


class Bench:
    """A forwarder whose clock jumps from one step to the next."""

    def __init__(self, tmp_path: Path) -> None:
        scenario = small()
        self.now = 1000.0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = itertools.count()
        self.truth = tmp_path / "truth"
        log = TruthLog(os.open(self.truth, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
        counters: dict[str, int] = {}
        clock = LabClock(100.0, scenario.stages[0].since, self.now)
        self.boxes = Boxes(clock, log, SEED, counters)
        self.cables = [FakeCable(lambda: self.now) for _ in scenario.hosts]
        cables: Any = self.cables
        self.forwarder = Forwarder(cables, Routes(scenario), self.boxes, SEED, self._push)
        self.forwarder.counters = counters
        self.counters = counters
        self.began = clock.posix(self.now)

    def _push(self, deadline: float, step: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        heapq.heappush(self._heap, (deadline, next(self._numbers), step, arguments))

    def place(self, *censors: Censor) -> None:
        self.boxes._at = {"border": [Box("border", "told", b"told", censor) for censor in censors]}
        self.forwarder.place_censors()

    def send(self, packet: bytes, sender: int = 0) -> None:
        self.forwarder.arrive(sender, self.now, ETHERNET[packet[0] >> 4] + packet)

    def run(self) -> None:
        while self._heap:
            self.now, _, step, arguments = heapq.heappop(self._heap)
            self.forwarder.run(step, arguments)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _segment(ttl: int = 64, payload: bytes = b"hello", outbound: bool = True) -> bytes:
    ends = (CLIENT, SERVER) if outbound else (SERVER, CLIENT)
    tcp = TcpHeader(sport=1000, dport=443, seq=1, ack=1, flags=0x18)
    return build_tcp(IpHeader(src=ends[0], dst=ends[1], ttl=ttl), tcp, payload)


def _reset(sender: str, receiver: str, ttl: int) -> bytes:
    tcp = TcpHeader(sport=443, dport=1000, seq=1, flags=4)
    return build_tcp(IpHeader(src=sender, dst=receiver, ttl=ttl), tcp)


def test_delivery_takes_the_delay_and_a_ttl_for_each_hop(bench: Bench) -> None:
    bench.send(_segment())
    bench.run()
    [(when, packet)] = bench.cables[3].sent
    assert when == pytest.approx(1000.025)
    assert (packet.ttl, packet.payload) == (60, b"hello")
    assert bench.counters == {"received": 1, "delivered": 1}


@pytest.mark.parametrize("ttl", [1, 2, 3, 4, 5])
def test_where_a_ttl_ends(bench: Bench, ttl: int) -> None:
    bench.send(_segment(ttl))
    bench.run()
    if ttl == 5:
        assert len(bench.cables[3].sent) == 1
        return
    [(when, answer)] = bench.cables[0].sent
    assert (answer.src, answer.icmp_type) == (HOPS[ttl - 1], 11)
    assert when == pytest.approx(1000 + 2 * 0.025 * ttl / 5)
    assert answer.ttl == 64 - (ttl - 1)  # the hop itself does not count its own answer down
    assert answer.payload.startswith(_segment(1)[:28])  # as it arrived there


def test_v6_hops_answer_too(bench: Bench) -> None:
    bench.send(build_udp(IpHeader(src=CLIENT6, dst=SERVER6, ttl=3), 1000, 2000, b"?"))
    bench.run()
    [(_, answer)] = bench.cables[0].sent
    assert (answer.src, answer.icmp_type) == (HOPS6[2], 3)


def test_an_icmp_error_that_runs_out_is_not_answered(bench: Bench) -> None:
    bench.send(build_icmp_time_exceeded(_segment(outbound=False), CLIENT, ttl=2))
    bench.run()
    assert bench.counters["dropped.ttl"] == 1
    assert bench.cables[0].sent == bench.cables[3].sent == []


def test_a_censor_sees_the_ttl_of_its_hop_and_both_directions(bench: Bench) -> None:
    censor = Told(lambda packet, random: PASS)
    bench.place(censor)
    bench.send(_segment())
    bench.send(_segment(outbound=False), sender=3)
    bench.run()
    (first, out, then), (second, back, later) = censor.saw
    assert (first.ttl, out, second.ttl, back) == (63, "outbound", 62, "inbound")
    assert then == pytest.approx(bench.began + 100 * 0.025 * 2 / 5)
    assert later == pytest.approx(bench.began + 100 * 0.025 * 3 / 5)
    assert len(bench.cables[0].sent) == len(bench.cables[3].sent) == 1


@pytest.mark.parametrize(("ttl", "seen"), [(1, 0), (2, 1), (3, 1), (64, 1)])
def test_a_censor_sees_what_gets_to_its_hop(bench: Bench, ttl: int, seen: int) -> None:
    censor = Told(lambda packet, random: PASS)
    bench.place(censor)
    bench.send(_segment(ttl))
    bench.run()
    assert len([1 for _, direction, _ in censor.saw if direction == "outbound"]) == seen


def test_injections_leave_from_the_censors_hop_to_both_sides(bench: Bench) -> None:
    def answer(packet: Packet, random: Randomness) -> Action:
        to_client = Injection(_reset(SERVER, CLIENT, 252), "client", 0.001)
        to_server = Injection(_reset(CLIENT, SERVER, 60), "server")
        return Action(inject=(to_client, to_server))

    bench.place(Told(answer))
    bench.send(_segment())
    bench.run()
    [(when, reset)] = bench.cables[0].sent
    assert when == pytest.approx(1000 + 2 * 0.010 + 0.001)
    assert reset.ttl == 250
    [(_, original), (_, other)] = bench.cables[3].sent
    assert {original.ttl, other.ttl} == {60, 57}  # the copy of what was sent, and the censor's
    assert bench.counters["injected"] == 2


def test_what_the_censor_answers_inbound_packets_with_goes_the_right_way(bench: Bench) -> None:
    bench.place(
        Told(lambda packet, random: Action(inject=(Injection(_reset(SERVER, CLIENT, 64), "client"),)))
    )
    bench.send(_segment(outbound=False), sender=3)
    bench.run()
    assert sorted(packet.flags for _, packet in bench.cables[0].sent) == [4, 0x18]
    assert bench.cables[3].sent == []


def test_only_a_censor_in_the_path_can_drop(bench: Bench) -> None:
    bench.place(Told(lambda packet, random: Action(forward=False), in_path=True))
    bench.send(_segment())
    bench.run()
    assert bench.cables[3].sent == []
    assert bench.counters["dropped.censor"] == 1


def test_one_beside_the_path_that_tries_is_a_bug_that_is_counted(bench: Bench) -> None:
    bench.place(Told(lambda packet, random: Action(forward=False)))
    bench.send(_segment())
    bench.run()
    assert len(bench.cables[3].sent) == 1
    assert bench.counters["lost.censor_error"] == 1


def test_a_censor_in_the_path_can_hold(bench: Bench) -> None:
    bench.place(Told(lambda packet, random: Action(delay=0.5), in_path=True))
    bench.send(_segment())
    bench.run()
    assert bench.cables[3].sent[0][0] == pytest.approx(1000.525)


def test_a_censors_bug_costs_no_packet_but_is_counted(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(packet: Packet, random: Randomness) -> Action:
        raise ZeroDivisionError("a bug")

    bench.place(Told(answer))
    bench.send(_segment())
    bench.run()
    assert len(bench.cables[3].sent) == 1
    assert bench.counters["lost.censor_error"] == 1
    assert "a bug" in capsys.readouterr().err


def test_declining_is_written_down_as_well(bench: Bench) -> None:
    bench.place(Told(lambda packet, random: Action(decision=Decision(acted=False, reason="by chance"))))
    bench.send(_segment())
    bench.run()
    assert '"acted":false,"reason":"by chance"' in bench.truth.read_text()
    assert bench.counters["decisions"] == 1


def test_chance_depends_on_seed_flow_and_number_alone(tmp_path: Path) -> None:
    def numbers(name: str, detour: bool) -> list[float]:
        folder = tmp_path / name
        folder.mkdir()
        bench = Bench(folder)
        drawn: list[float] = []

        def answer(packet: Packet, random: Randomness) -> Action:
            if packet.sport == 1000:
                drawn.append(random.random())
            return PASS

        bench.place(Told(answer))
        for _ in range(5):
            if detour:
                bench.send(build_udp(IpHeader(src=CLIENT, dst=SERVER), 77, 53, b"other"))
            bench.send(_segment())
        bench.run()
        return drawn

    alone = numbers("alone", detour=False)
    assert alone == numbers("among others", detour=True)
    assert len(set(alone)) == 5


def test_loss_is_as_frequent_as_said() -> None:
    flow = flow_key(_segment())
    lost = sum(draws(SEED, b"loss", flow, number)[0] < 0.1 for number in range(1, 20_001))
    assert 1800 < lost < 2200
    assert draws(SEED, b"loss", flow, 1) != draws(b"other", b"loss", flow, 1)


def test_frames_that_hold_no_ip_or_go_nowhere_are_counted(bench: Bench) -> None:
    bench.forwarder.arrive(0, 0.0, bytes(12) + b"\x08\x06" + bytes(28))
    bench.send(build_udp(IpHeader(src=CLIENT, dst="9.9.9.9"), 1, 2, b""))
    assert bench.counters == {"dropped.not_ip": 1, "received": 1, "dropped.no_route": 1}


def test_a_super_packet_that_the_ring_has_cut_is_a_loss_of_ours(bench: Bench) -> None:
    bench.send(_segment(payload=bytes(3000))[:1900])
    assert bench.counters["lost.truncated"] == 1


@given(st.binary(max_size=80), st.sampled_from([4, 6]), st.integers(0, 70))
def test_no_frame_stops_the_router(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, family: int, at: int
) -> None:
    """Whole headers with noise in them; a bug would show as lost.error, an escape as a failure."""
    bench = Bench(tmp_path_factory.mktemp("noise"))
    bench.place(Told(lambda packet, random: PASS))
    whole = (
        _segment() if family == 4 else build_udp(IpHeader(src=CLIENT6, dst=SERVER6, ttl=2), 1, 2, b"x" * 20)
    )
    mutated = whole[:at] + noise + whole[at + len(noise) :]
    if mutated:
        bench.forwarder.arrive(0, bench.now, ETHERNET[family] + mutated)
    bench.run()
    assert "lost.error" not in bench.counters

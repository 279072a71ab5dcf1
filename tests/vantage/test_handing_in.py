"""The spool: kept first, sent, sent again, put aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import FakeNet, run
from tests.probe.parties import COLLECTOR, http
from tests.probe.parties import Collector as FakeCollector
from wallwatch.net.roots import Roots
from wallwatch.vantage.handing_in import Collector, Spool, hand_in


def send(net: FakeNet, spool: Spool) -> int:
    collector = Collector(url=f"http://{COLLECTOR}", net=net, roots=Roots(), timeout=5.0)
    return run(hand_in(collector, spool))


def test_what_is_acknowledged_is_deleted_and_arrives_as_it_was(tmp_path: Path) -> None:
    net, collector, spool = FakeNet(), FakeCollector(), Spool(tmp_path / "spool")
    net.serve(COLLECTOR, http(collector.answer))
    spool.add(b'{"b":1}', 2.0)
    spool.add(b'{"a":2}', 1.0)
    assert send(net, spool) == 2
    assert collector.received == [b'{"a":2}', b'{"b":1}']  # oldest first
    assert list(spool.waiting()) == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_collector_in_trouble_gets_it_next_time(tmp_path: Path, status: int) -> None:
    net, collector, spool = FakeNet(), FakeCollector(status), Spool(tmp_path)
    net.serve(COLLECTOR, http(collector.answer))
    spool.add(b"{}", 1.0)
    assert send(net, spool) == 0
    collector.status = 200
    assert send(net, spool) == 1


def test_a_collector_that_is_gone_costs_nothing(tmp_path: Path) -> None:
    net, spool = FakeNet(), Spool(tmp_path)
    net.refuse(COLLECTOR)
    spool.add(b"{}", 1.0)
    assert send(net, spool) == 0
    assert len(list(spool.waiting())) == 1


def test_what_is_refused_for_good_is_put_aside_and_blocks_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net, collector, spool = FakeNet(), FakeCollector(400), Spool(tmp_path)
    net.serve(COLLECTOR, http(collector.answer))
    spool.add(b"{}", 1.0)
    assert send(net, spool) == 0
    assert list(spool.waiting()) == []
    assert [path.read_bytes() for path in (tmp_path / "refused").iterdir()] == [b"{}"]
    assert "refused" in capsys.readouterr().err


def test_half_written_files_are_not_sent(tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(b"{")
    assert list(Spool(tmp_path).waiting()) == []

"""Captures written by the router are pcap files that others read, in scenario time."""

from __future__ import annotations

import shutil
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lab.core.making import run
from wallwatch.lab.lab import Lab
from wallwatch.lab.messages import LabError
from wallwatch.wire.packet import Packet

pytestmark = pytest.mark.lab

INSTANT = datetime(2017, 7, 1, 6, tzinfo=UTC)
TSHARK = shutil.which("tshark") or shutil.which("tcpdump")


def _frames(path: Path) -> list[tuple[float, bytes]]:
    """By the format's own definition (draft-ietf-opsawg-pcap), not by our writer."""
    data = path.read_bytes()
    magic, major, minor, _, _, _, link = struct.unpack_from("<IHHiIII", data)
    assert (magic, major, minor, link) == (0xA1B23C4D, 2, 4, 1)
    offset, frames = 24, []
    while offset < len(data):
        seconds, nanoseconds, kept, length = struct.unpack_from("<IIII", data, offset)
        assert kept == length
        frames.append((seconds + nanoseconds / 1e9, data[offset + 16 : offset + 16 + kept]))
        offset += 16 + kept
    return frames


def _captured(lab: Lab, path: Path) -> list[tuple[float, bytes]]:
    lab.set_instant(INSTANT)
    lab.start_pcap(path)
    for address in ("145.100.0.10", "2001:610::10"):
        run(lab, "client", "ping", address, 2)
    lab.stop_pcap()
    return _frames(path)


def test_a_capture_holds_each_packet_as_it_came_and_as_it_went(lab: Lab, tmp_path: Path) -> None:
    frames = _captured(lab, tmp_path / "a.pcap")
    packets = [(time, Packet.from_bytes(frame[14:])) for time, frame in frames]
    for source in ("101.95.0.10", "240e:1::10", "145.100.0.10", "2001:610::10"):
        assert sorted(packet.ttl for _, packet in packets if packet.src == source) == [60, 60, 64, 64]
    assert all(0 <= time - INSTANT.timestamp() < 30 for time, _ in packets)


def test_a_captures_times_are_those_of_the_path(lab: Lab, tmp_path: Path) -> None:
    frames = _captured(lab, tmp_path / "a.pcap")
    client = b"\x02\x00\x00\x00\x00\x01"  # the first host of the scenario
    sent = next(time for time, frame in frames if frame[6:12] == client)
    answered = next(time for time, frame in frames if frame[:6] == client and frame[6:12] != client)
    assert 0.050 <= answered - sent < 0.150  # the router's own times; the host's answer is in between


@pytest.mark.skipif(TSHARK is None, reason="neither tshark nor tcpdump is installed")
def test_other_tools_read_it(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    frames = _captured(lab, path)
    done = subprocess.run([str(TSHARK), "-r", str(path)], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == len(frames)


def test_one_capture_at_a_time(lab: Lab, tmp_path: Path) -> None:
    lab.start_pcap(tmp_path / "a.pcap")
    with pytest.raises(LabError, match="already"):
        lab.start_pcap(tmp_path / "b.pcap")
    lab.stop_pcap()
    lab.stop_pcap()
    with pytest.raises(LabError, match="No such file"):
        lab.start_pcap(tmp_path / "nowhere" / "c.pcap")

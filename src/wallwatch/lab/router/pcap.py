"""Packet captures (pcap, nanoseconds, Ethernet), written by the router: nobody needs tcpdump's privileges.

Every packet stands in it twice, as it came from its sender's cable and as it went onto its receiver's; the
MAC addresses tell (02:00:00:00:00:NN is a host's, NN its number in the scenario, from 1).
"""

from __future__ import annotations

import struct
from io import BufferedWriter
from pathlib import Path

_MAGIC_NANOSECONDS = 0xA1B23C4D
_LINKTYPE_ETHERNET = 1
_LONGEST = 65535
_RECORD = struct.Struct("=IIII")


class PcapWriter:
    """An open file. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._file: BufferedWriter = path.open("wb")
        self._file.write(
            struct.pack("=IHHiIII", _MAGIC_NANOSECONDS, 2, 4, 0, 0, _LONGEST, _LINKTYPE_ETHERNET)
        )
        self._file.flush()

    def write(self, posix: float, frame: bytes) -> None:
        """One frame at that time."""
        seconds = int(posix)
        nanoseconds = int((posix - seconds) * 1e9)
        self._file.write(_RECORD.pack(seconds, nanoseconds, len(frame), len(frame)) + frame)

    def flush(self) -> None:
        """So that a reader sees what was written."""
        self._file.flush()

    def close(self) -> None:
        self._file.close()

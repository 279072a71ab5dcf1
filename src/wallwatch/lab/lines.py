"""Lines of JSON over a blocking stream socket, for the lab's processes among themselves."""

from __future__ import annotations

import socket

import msgspec

_LONGEST = 1 << 22


class Lines:
    """One side of a conversation. OSError (TimeoutError too, where the socket has a limit) passes through."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self._buffer = b""

    def send(self, message: object) -> None:
        """One line."""
        self.channel.sendall(msgspec.json.encode(message) + b"\n")

    def receive(self) -> bytes | None:
        """The next line, None at the end. Waits for it. Raises OSError for one of absurd length."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST:
                raise OSError("a line without end")
            piece = self.channel.recv(1 << 16)
            if not piece:
                return None
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    @property
    def has_line(self) -> bool:
        """Whether `receive` would not wait."""
        return b"\n" in self._buffer

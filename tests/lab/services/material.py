"""What tests of doubles share: keys, a context on loopback, a client, and a count of open descriptors."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wallwatch.lab.services import ServiceContext
from wallwatch.wire import whatsapp
from wallwatch.wire.noise import Initiator, ServerHello

NOISE_ROOT = bytes([7]) * 32
NOISE_STATIC = bytes([9]) * 32
NOW = datetime(2017, 9, 20, tzinfo=UTC)


def public_of(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


class Material(NamedTuple):
    """Paths of PEM files."""

    authority: str
    certificate: str
    key: str

    def context(self, options: Mapping[str, Any]) -> ServiceContext:
        return ServiceContext(
            addresses=("127.0.0.1",),
            options=options,
            certificate=self.certificate,
            key=self.key,
            noise_root_private=NOISE_ROOT.hex(),
            noise_static_private=NOISE_STATIC.hex(),
            valid_from=datetime(2017, 1, 1, tzinfo=UTC),
            valid_until=datetime(2018, 1, 1, tzinfo=UTC),
            seed=5,
        )

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)


class Caller(NamedTuple):
    """A client's connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """Everything up to the end of the stream; fails rather than wait for ever."""
        async with asyncio.timeout(10):
            return await self.reader.read(-1)

    async def http(
        self, method: str, path: str, host: str, *headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request and its answer, read by hand: status, headers, body."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
        await self.ask("\r\n".join(lines).encode())
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
            length = 0 if method == "HEAD" else int(fields["content-length"])
            return int(head[0].split()[1]), fields, await self.reader.readexactly(length)


@asynccontextmanager
async def connected(
    endpoint: tuple[str, int], tls: ssl.SSLContext | None = None, name: str | None = None
) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection(*endpoint, ssl=tls, server_hostname=name)
    try:
        yield Caller(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def shake_hands(caller: Caller, header: bytes = whatsapp.HEADER) -> ServerHello:
    """Our own Noise client over raw TCP."""
    initiator = Initiator(header, bytes([3]) * 32)
    await caller.ask(initiator.client_hello())
    frames, found = whatsapp.FrameReader(), []
    async with asyncio.timeout(10):
        while not found:
            data = await caller.reader.read(65536)
            if not data:
                raise EOFError("the server said nothing")
            found = frames.feed(data)
    return initiator.read_server_hello(found[0])


def open_descriptors() -> set[str]:
    """What this process has open, sockets and files."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(f"{entry.name} {entry.readlink()}")
        except FileNotFoundError:
            continue  # the descriptor of this very listing
    return found

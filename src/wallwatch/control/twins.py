"""Neutral twins: servers that no watched service runs, to which trials send the very same bytes.

A TLS ClientHello, whatever its server name, gets a TLS handshake with a self-signed certificate and a short
HTTP answer; any other first bytes get the echo of `wire/echo.py`. Nothing is passed on to anybody; every
connection is short, small, and gets fewer bytes back than a TLS handshake needs.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from wallwatch.refusal import CannotHere, Refusal
from wallwatch.wire.echo import build_echo
from wallwatch.wire.tls_hello import looks_like_client_hello

LIFETIME = 15.0  # seconds of one connection
MOST_BYTES = 16384  # read from one connection
READ_SIZE = 4096
CONNECTIONS = 512
CERTIFICATE_YEARS = 10
COMMON_NAME = "wallwatch neutral twin"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\ntwin\n"
END_OF_HEAD = b"\r\n\r\n"


class TwinServer:
    """Twins on all local addresses, on some ports."""

    def __init__(self, now: datetime) -> None:
        """Makes a key and a certificate, valid around `now`."""
        self._context = server_context(now)
        self._servers: list[asyncio.Server] = []
        self._open = 0

    async def listen(self, ports: Sequence[int], host: str | None = None) -> list[int]:
        """Start on each port (0: any); returns them. `host` None: all addresses. Raises Refusal."""
        for port in ports:
            try:
                self._servers.append(await asyncio.start_server(self._serve, host, port, backlog=CONNECTIONS))
            except PermissionError as error:
                raise CannotHere(
                    f"Not allowed to listen on port {port}; as root: sysctl -w"
                    " net.ipv4.ip_unprivileged_port_start=0, or choose ports above 1023 with --ports."
                ) from error
            except OSError as error:
                raise Refusal(
                    f"Cannot listen on port {port}: {error.strerror or error}. Choose others with --ports."
                ) from error
        return [int(server.sockets[0].getsockname()[1]) for server in self._servers]

    async def close(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= CONNECTIONS:
            writer.close()
            return
        self._open += 1
        try:
            async with asyncio.timeout(LIFETIME):
                await self._answer(reader, writer)
        except (OSError, TimeoutError, ssl.SSLError):
            pass  # reset, too slow, or broken TLS: that is the far end's to record
        except Exception as error:  # noqa: BLE001, a task's outer edge: one visitor must not end the twins
            print(f"twin: a connection failed: {type(error).__name__}: {error}", file=sys.stderr)
        finally:
            self._open -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(READ_SIZE)
        if not first:
            return
        if looks_like_client_hello(first):
            await TlsVisit(self._context, reader, writer).run(first)
        else:
            writer.write(build_echo(first))
            await writer.drain()


class TlsVisit:
    """One visitor who speaks TLS, through memory buffers because the first bytes have been read already."""

    def __init__(
        self, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._reader, self._writer = reader, writer
        self._read = 0

    async def run(self, first: bytes) -> None:
        """Handshake, a request's head, a page."""
        self._incoming.write(first)
        while not self._handshake_done():
            if not await self._more():
                return
        head = b""
        while END_OF_HEAD not in head:
            try:
                head += self._tls.read(READ_SIZE)
            except ssl.SSLWantReadError:
                if not await self._more():
                    return
        self._tls.write(PAGE)
        await self._flush()

    def _handshake_done(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    async def _more(self) -> bool:
        """Send what TLS has to say and read on; False at the end, or when there was too much."""
        await self._flush()
        data = await self._reader.read(READ_SIZE)
        self._read += len(data)
        self._incoming.write(data)
        return bool(data) and self._read <= MOST_BYTES

    async def _flush(self) -> None:
        self._writer.write(self._outgoing.read())
        await self._writer.drain()


def server_context(now: datetime) -> ssl.SSLContext:
    """A server's side of TLS with a fresh self-signed certificate. No tickets: nobody comes back."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, COMMON_NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * CERTIFICATE_YEARS))
        .sign(key, SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    with tempfile.TemporaryDirectory() as folder:  # the ssl module takes certificates from files only
        path = Path(folder) / "twin.pem"
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context

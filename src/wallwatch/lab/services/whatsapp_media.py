"""WhatsApp's media servers: TLS, and at any path 256 KiB, also in ranges (RFC 9110, section 14).

The bytes follow from the lab's seed and the path, so that a test can tell a whole download from a cut one.
"""

from __future__ import annotations

import functools
import hashlib
import re

import msgspec

from wallwatch.lab.services._context import Running, ServiceContext
from wallwatch.lab.services._doors import TCP_MODES, Client, Door, open_doors, tls_context
from wallwatch.lab.services._http import Request, Response, converse

OBJECT_LENGTH = 256 * 1024
_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_TYPE = ("content-type", "application/octet-stream")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it listens."""

    addresses: tuple[str, ...] = ()  # none: the host's own
    port: int = 443


class WhatsAppMedia:
    """See the module."""

    name = "whatsapp_media"
    summary = "WhatsApp's media servers: TLS, GET with ranges and HEAD of a 256 KiB object at any path"
    options = Options
    modes = TCP_MODES

    async def serve(self, context: ServiceContext) -> Running:
        """Listen where the options say."""
        options = msgspec.convert(context.options, Options)
        tls = tls_context(context.certificate, context.key)
        talk = functools.partial(_talk, context.seed)
        addresses = options.addresses or context.addresses
        return await open_doors([Door(address=a, port=options.port, talk=talk, tls=tls) for a in addresses])


SERVICE = WhatsAppMedia()


def media_object(seed: int, path: str) -> bytes:
    """What lies at `path`: 256 KiB."""
    return hashlib.shake_128(f"{seed} {path}".encode()).digest(OBJECT_LENGTH)


async def _talk(seed: int, client: Client) -> None:
    await converse(client, functools.partial(_respond, seed))


def _respond(seed: int, request: Request) -> Response:
    if request.method not in ("GET", "HEAD"):
        return Response(405, (("allow", "GET, HEAD"),))
    content = media_object(seed, request.path)
    accepts = ("accept-ranges", "bytes")
    try:
        wanted = _range(request.headers.get("range", ""), len(content))
    except ValueError:
        return Response(416, (("content-range", f"bytes */{len(content)}"),))
    if wanted is None:
        return Response(200, (_TYPE, accepts), content)
    first, last = wanted
    placed = ("content-range", f"bytes {first}-{last}/{len(content)}")
    return Response(206, (_TYPE, accepts, placed), content[first : last + 1])


def _range(header: str, length: int) -> tuple[int, int] | None:
    """First and last byte wanted; None for no range, or one we need not understand. ValueError: outside."""
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = max(0, length - int(match[2])), length - 1
    else:
        first = int(match[1])
        last = min(length - 1, int(match[2])) if match[2] else length - 1
        if match[2] and int(match[2]) < first:
            return None  # RFC 9110: an invalid range is ignored
    if first > last:
        raise ValueError("the range is outside the object")
    return first, last

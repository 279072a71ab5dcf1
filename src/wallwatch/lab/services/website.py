"""A web site: one page over TLS and plain HTTP, whatever the path. The domestic service, and any other."""

from __future__ import annotations

import functools
import html

import msgspec

from wallwatch.lab.services._context import Running, ServiceContext
from wallwatch.lab.services._doors import TCP_MODES, Client, Door, open_doors, tls_context
from wallwatch.lab.services._http import Request, Response, converse


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it listens and what its page is called."""

    addresses: tuple[str, ...] = ()  # none: the host's own
    tls_ports: tuple[int, ...] = (443,)
    plain_ports: tuple[int, ...] = (80,)
    title: str = "A web site"


class Website:
    """See the module."""

    name = "website"
    summary = "A web site: a page over TLS on 443 and over plain HTTP on 80"
    options = Options
    modes = TCP_MODES

    async def serve(self, context: ServiceContext) -> Running:
        """Listen where the options say."""
        options = msgspec.convert(context.options, Options)
        talk = functools.partial(_talk, _page(options.title))
        addresses = options.addresses or context.addresses
        doors = [Door(address=a, port=p, talk=talk) for a in addresses for p in options.plain_ports]
        if options.tls_ports:
            tls = tls_context(context.certificate, context.key)
            doors += [
                Door(address=a, port=p, talk=talk, tls=tls) for a in addresses for p in options.tls_ports
            ]
        return await open_doors(doors)


SERVICE = Website()


def _page(title: str) -> bytes:
    name = html.escape(title)
    return f"<!doctype html><title>{name}</title><h1>{name}</h1>\n".encode()


async def _talk(page: bytes, client: Client) -> None:
    await converse(client, functools.partial(_respond, page))


def _respond(page: bytes, request: Request) -> Response:
    if request.method not in ("GET", "HEAD"):
        return Response(405, (("allow", "GET, HEAD"),))
    return Response(200, (("content-type", "text/html; charset=utf-8"),), page)

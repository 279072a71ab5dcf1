"""HTTPS: TLS verified by the trusted roots, then one GET; where the catalogue says so, a download that must
flow.

Rungs: L3 TLS completed, L4 the certificate holds (and an HTTP answer with any status came), L5 at least 32
KiB of body moved. A status that is no success proves the server as well as any other. Redirects are not
followed, bodies are not kept.
"""

from __future__ import annotations

from wallwatch.catalog import Target
from wallwatch.experiments import Context, Part
from wallwatch.experiments._climb import Climb, climb
from wallwatch.experiments._twin import send_hello
from wallwatch.model.handshake import Address, Handshake, Payload, Rung
from wallwatch.net.steps import HttpRequest, Steps, TlsWish

PROFILE = "python-ssl"
ALPN = ("http/1.1",)
SUSTAINED_BYTES = 32768  # cut-offs of 16 to 20 KB (net4people/bbs 490) show below that
HEADERS = (("Accept", "*/*"), ("Accept-Encoding", "identity"), ("User-Agent", "Mozilla/5.0"))


class Https:
    """See the module's docstring."""

    name = "https"

    async def attempt(self, steps: Steps, target: Target, context: Context, turn: int) -> Handshake:
        """Name, connection, TLS, request."""

        async def walk(attempt: Climb) -> None:
            connection = await attempt.connect(await attempt.resolve(turn))
            tls = await attempt.tls(connection, TlsWish(server_name=target.host, alpn=ALPN))
            response = await steps.http_request(tls, request_for(target))
            if 200 <= response.status < 300 and len(response.body) >= SUSTAINED_BYTES:
                attempt.reached(Rung.SUSTAINED)

        return await climb(Climb(steps, target, context, PROFILE), walk, trial=None)

    async def arm(self, steps: Steps, target: Target, context: Context, part: Part) -> Handshake:
        """The ClientHello with the true name, or with an innocent one."""
        payload, address = Payload(part.trial.arm.payload), Address(part.trial.arm.address)

        async def walk(attempt: Climb) -> None:
            await send_hello(attempt, payload, address, part.endpoint, ALPN)

        return await climb(Climb(steps, target, context, PROFILE), walk, part.trial)


def request_for(target: Target) -> HttpRequest:
    """The one request; a range of it where a download is wanted."""
    wanted = target.download_bytes
    ranged = (("Range", f"bytes=0-{wanted - 1}"),) if wanted else ()
    return HttpRequest(
        host=target.host,
        path=target.path or "/",
        headers=(*HEADERS, *ranged),
        body_limit=wanted or SUSTAINED_BYTES,
        record_limit=0,
    )


EXPERIMENT = Https()

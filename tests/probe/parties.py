"""A control and a collector on the fake network, for the probe to talk to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import h11
import msgspec

from tests.experiments.world import TWIN_PORTS, TWINS, World
from tests.fakes import FarEnd
from wallwatch.control.api import Api
from wallwatch.control.measuring import ControlPlan, Measuring
from wallwatch.control.server import read_request, written
from wallwatch.net.seam import Endpoint
from wallwatch.vantage.api import Twins
from wallwatch.vantage.settings import Place

CONTROL = Endpoint("145.100.20.10", 8790)
COLLECTOR = Endpoint("51.75.60.10", 8788)
ABROAD = Place(id="control-nl", cc="NL", asn=1103)

Answer = Callable[[str, str, bytes], Awaitable[tuple[int, bytes]]]


def http(answer: Answer) -> Callable[[FarEnd], Awaitable[None]]:
    """A server that gives each request's method, path and body to `answer`."""

    async def talk(far: FarEnd) -> None:
        from wallwatch.control.api import Response

        class Reader:
            async def read(self, limit: int) -> bytes:
                return await far.receive(limit)

        connection = h11.Connection(h11.SERVER)
        request, body = await read_request(connection, Reader())  # type: ignore[arg-type]
        status, content = await answer(request.method.decode(), request.target.decode(), body)
        await far.send(written(connection, Response(status=status, body=content)))

    return talk


class Control:
    """A control in an uncensored world of its own, and what it published."""

    def __init__(self, world: World) -> None:
        self.published: list[bytes] = []
        endpoints = tuple(Endpoint(address, port) for port in TWIN_PORTS for address in TWINS)
        plan = ControlPlan(
            place=ABROAD,
            services=("whatsapp", "weibo"),
            twins=endpoints,
            canaries=world.kit().catalogue.canaries("NL"),
        )
        self.measuring = Measuring(world.kit(), plan)
        self.api = Api(self.measuring, Twins(twins=TWINS, ports=TWIN_PORTS), self._publish)

    async def _publish(self, content: bytes) -> None:
        self.published.append(content)

    async def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        response = await self.api.answer(method, path, body)
        return response.status, response.body


class Collector:
    """Takes measurements, answers as it is told."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.received: list[bytes] = []

    async def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        assert (method, path) == ("POST", "/api/v1/submit_measurement")
        if self.status != 200:
            return self.status, b'{"error":"no"}'
        self.received.append(bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw])["content"]))
        return 200, b'{"measurement_uid":"x"}'

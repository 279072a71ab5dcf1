"""The control's answers to requests: what is asked, whether it may be, and the answer. No sockets here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct

from wallwatch.control.measuring import Measuring
from wallwatch.model.handshake import Address
from wallwatch.refusal import Refusal, unknown
from wallwatch.vantage.api import MEASURE_PATH, TWINS_PATH, MeasureRequest, Twins

REQUESTS_AT_ONCE = 16
METHODS = {TWINS_PATH: "GET", MEASURE_PATH: "POST"}


class Response(Struct, frozen=True, kw_only=True):
    """A status and a JSON body."""

    status: int
    body: bytes


class RefusedRequest(Exception):  # noqa: N818, says what happened
    """Not to be answered; the message says why and is sent."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """Answers one request at a time, several side by side."""

    def __init__(
        self, measuring: Measuring, twins: Twins, publish: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """`publish` hands a measurement in before it is answered, so that the station has it before the
        probe.
        """
        self._measuring = measuring
        self._twins = msgspec.json.encode(twins)
        self._publish = publish
        self._places = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def answer(self, method: str, path: str, body: bytes) -> Response:
        """Never raises for what a request says: that is answered with {"error": ...}."""
        try:
            return await self._route(method, path, body)
        except RefusedRequest as refused:
            error = {"error": str(refused)}
            return Response(status=refused.status, body=msgspec.json.encode(error))

    async def _route(self, method: str, path: str, body: bytes) -> Response:
        if path not in METHODS:
            raise RefusedRequest(
                404, f"there is nothing at {path[:80]!r}; there are {', '.join(sorted(METHODS))}"
            )
        if method != METHODS[path]:
            raise RefusedRequest(405, f"{path} takes {METHODS[path]}")
        if path == TWINS_PATH:
            return Response(status=200, body=self._twins)
        return Response(status=200, body=await self._measure(self._checked(body)))

    async def _measure(self, request: MeasureRequest) -> bytes:
        if self._places.locked():
            raise RefusedRequest(
                503, f"{REQUESTS_AT_ONCE} requests are being measured; ask again in a minute"
            )
        async with self._places:
            content = await self._measuring.asked(request)
        await self._publish(content)
        return content

    def _checked(self, body: bytes) -> MeasureRequest:
        """The request, if it asks for something this control measures."""
        try:
            request = msgspec.json.decode(body, type=MeasureRequest)
        except msgspec.DecodeError as error:
            raise RefusedRequest(400, f"the request does not fit: {error}") from error
        services = self._measuring.plan.services
        if request.service not in services:
            raise RefusedRequest(403, unknown("service here", request.service, services).format_message())
        if len(set(request.functions)) != len(request.functions):
            raise RefusedRequest(400, "a function is named twice")
        for function in request.functions:
            self._check_function(request.service, function)
        if request.trial is not None and any(
            arm.address is not Address.NEUTRAL for arm in request.trial.arms
        ):
            raise RefusedRequest(403, "trial bytes go to this control's own twins and nowhere else")
        return request

    def _check_function(self, service: str, function: str) -> None:
        known = self._measuring.kit.catalogue.service(service).functions
        if function not in known:
            refusal: Refusal = unknown(f"function of {service}", function, [str(name) for name in known])
            raise RefusedRequest(403, refusal.format_message())

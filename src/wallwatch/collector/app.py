"""The collector's HTTP side, in the shape that OONI's probes speak. It archives durably, then answers.

A submission that is no measurement is refused and not kept. The sender's address is never written anywhere.
"""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import Struct
from starlette.requests import ClientDisconnect

from wallwatch import __version__
from wallwatch.archive.segments import Archive, Arrival
from wallwatch.collector.arrivals import arrivals_of, without_address
from wallwatch.collector.bodies import Body, Refused, Room
from wallwatch.collector.keeper import Keeper
from wallwatch.pipeline.unreadable import Unreadable

BACKEND_VERSION = f"wallwatch {__version__}"
T = TypeVar("T")
_LETTERS = string.ascii_letters + string.digits


class Submission(Struct, frozen=True):
    """What is posted: the measurement, as an object or as JSON in a string."""

    format: str
    content: msgspec.Raw


class Opening(Struct, frozen=True):
    """What opens a report; other fields are not looked at."""

    test_name: str
    probe_cc: str = "ZZ"
    probe_asn: str = "AS0"


def create_app(archive: Archive, now: Callable[[], datetime]) -> FastAPI:
    """The application. `now` gives the time for report ids."""
    room = Room()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.keeper = Keeper(archive)  # belongs to the loop that serves
        task = asyncio.create_task(app.state.keeper.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app = FastAPI(title="wallwatch collector", lifespan=lifespan, openapi_url=None)

    async def submit(request: Request) -> Response:
        with Body(room, request.headers.get("content-encoding")) as body:
            arrival = await asyncio.to_thread(_arrival, await body.read(request.stream()))
            await request.app.state.keeper.keep(arrival)
        return _json({"measurement_uid": arrival.identity.uid})

    async def open_report(request: Request) -> Response:
        with Body(room, request.headers.get("content-encoding")) as body:
            opening = _decoded(await body.read(request.stream()), Opening)
        identifier = _report_id(opening, now())
        return _json(
            {"report_id": identifier, "backend_version": BACKEND_VERSION, "supported_formats": ["json"]}
        )

    async def close_report(_: Request) -> Response:
        return _json({})

    app.add_route("/api/v1/submit_measurement", _answered(submit), methods=["POST"])
    app.add_route("/report", _answered(open_report), methods=["POST"])
    app.add_route("/report/{report_id}", _answered(submit), methods=["POST"])
    app.add_route("/report/{report_id}/close", _answered(close_report), methods=["POST"])
    return app


def _answered(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Turn refusals into answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handle(request)
        except Refused as refused:
            return _json({"error": str(refused)}, refused.status)
        except Unreadable as unreadable:
            return _json({"error": f"not accepted: {unreadable}"}, 400)
        except ClientDisconnect:
            return _json({"error": "cut off"}, 400)
        except OSError:
            return _json({"error": "it could not be written to disk; try again later"}, 503)

    return answer


def _arrival(body: bytes) -> Arrival:
    """The one measurement of a submission, without its probe's address."""
    submission = _decoded(body, Submission)
    if submission.format.lower() != "json":
        raise Refused(400, "the format must be json")
    content = bytes(submission.content)
    if content.startswith(b'"'):
        content = msgspec.json.decode(content, type=str).encode("utf-8", "surrogatepass")
    arrivals = arrivals_of(content)
    if len(arrivals) != 1:
        raise Refused(400, "a submission holds one measurement")
    return without_address(arrivals[0])


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, f"not understood: {error}") from error


def _report_id(opening: Opening, time: datetime) -> str:
    """`20170920T020000Z_whatsapp_CN_4134_n1_uszAjDiPyoWLMyuV`, OONI's shape."""
    name = "".join(letter for letter in opening.test_name.lower() if letter in _LETTERS)[:40]
    country = "".join(letter for letter in opening.probe_cc.upper() if letter in string.ascii_uppercase)[:2]
    network = "".join(letter for letter in opening.probe_asn if letter in string.digits)[:10] or "0"
    random = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return f"{time.astimezone(UTC):%Y%m%dT%H%M%SZ}_{name}_{country or 'ZZ'}_{network}_n1_{random}"


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json")

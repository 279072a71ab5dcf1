"""An ASGI client without a socket, and measurements to submit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from msgspec import Struct


class Answer(Struct, frozen=True):
    status: int
    body: Any


def measurement(number: int = 0, **changes: object) -> dict[str, Any]:
    """A small OONI measurement, another one for each number."""
    record = {
        "data_format_version": "0.2.0",
        "input": "whatsapp",
        "measurement_start_time": "2017-09-20 02:00:00",
        "probe_asn": "AS4134",
        "probe_cc": "CN",
        "probe_ip": "127.0.0.1",
        "report_id": "",
        "software_name": "wallwatch",
        "software_version": "0.1.0",
        "test_keys": {"number": number, "small": 1e-7, "text": "\u2026"},
        "test_name": "service_functions",
        "test_start_time": "2017-09-20 02:00:00",
        "test_runtime": 1.0,
        "test_version": "0.1.0",
    }
    return {**record, **changes}


def submission(content: object) -> bytes:
    return json.dumps({"format": "json", "content": content}).encode()


async def post(app: FastAPI, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    """One request, in two pieces, as a server would hand it in."""
    pieces = [body[: len(body) // 2], body[len(body) // 2 :]]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("198.51.100.77", 50000),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return Answer(sent[0]["status"], json.loads(b"".join(one.get("body", b"") for one in sent[1:])))


def with_app(app: FastAPI, talk: Callable[[], Awaitable[Any]]) -> Any:
    """Run `talk` while the application is up."""

    async def run() -> Any:
        async with app.router.lifespan_context(app):
            return await talk()

    return asyncio.run(run())

"""Ask the application without a socket, and read the page that it answers with, strictly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import msgspec
from fastapi import FastAPI
from msgspec import Struct

APART = {"td", "th", "li", "dt", "dd", "p", "caption", "h1", "h2", "h3"}  # their words do not run together
VOID = {"meta", "link", "br", "input", "img"}


class Answer(Struct, frozen=True, kw_only=True):
    """A whole HTTP answer."""

    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


def ask(app: FastAPI, target: str, method: str = "GET", said: list[bytes] | None = None) -> Answer:
    """One request straight into the ASGI application. `said` collects the body even where it raises."""
    path, _, query = target.partition("?")
    sent: list[dict[str, Any]] = []
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)
        if said is not None:
            said.append(message.get("body", b""))

    request = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    asyncio.run(app(request, receive, send))
    start = next(message for message in sent if message["type"] == "http.response.start")
    return Answer(
        code=start["status"],
        headers={name.decode(): value.decode() for name, value in start["headers"]},
        body=b"".join(message.get("body", b"") for message in sent),
    )


class Element(Struct, kw_only=True):
    """A start tag, where it stood, and the text inside it."""

    tag: str
    attributes: dict[str, str]
    above: tuple[str, ...]
    text: str = ""


class Page(HTMLParser):
    """Every element of a page. Raises AssertionError where tags do not match or an attribute comes twice."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {[element.tag for element in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(
            tag=tag,
            attributes={name: value or "" for name, value in attrs},
            above=tuple(one.tag for one in self._open),
        )
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        if tag in APART:
            self.handle_data(" ")
        element = self._open.pop()
        assert element.tag == tag, f"</{tag}> closes <{element.tag}> (in {element.above})"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, *tags: str) -> Iterator[Element]:
        """The elements with one of these tags, in order."""
        return (element for element in self.elements if element.tag in tags)

    def words(self, tag: str) -> list[str]:
        """Their texts, with single spaces."""
        return [" ".join(element.text.split()) for element in self.all(tag)]

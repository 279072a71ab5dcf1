"""Put pages, API, static files and error pages together into one application over a Reader.

It opens no socket and reads no clock; `wallwatch up` and the tests serve it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import resources

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from wallwatch import __version__
from wallwatch.web import api, pages
from wallwatch.web.reader import Reader
from wallwatch.web.rendering import Renderer

# Nothing from elsewhere, nothing inline: a hostile name in a measurement stays text.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def create_app(reader: Reader) -> FastAPI:
    """The application. Every answer carries HEADERS; errors are pages, or JSON under /api."""
    app = FastAPI(
        title="wallwatch",
        version=__version__,
        description="Read-only view of one station. All times UTC.",
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    renderer = Renderer()
    app.include_router(api.routes(reader))
    app.include_router(pages.routes(reader, renderer))
    static = resources.files("wallwatch.web") / "static"
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    app.middleware("http")(_with_headers)
    _answer_errors(app, renderer)
    return app


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    if "v" in request.query_params and request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable"  # the address names the content
        )
    return response


def _answer_errors(app: FastAPI, renderer: Renderer) -> None:
    def answer(request: Request, code: int, says: str) -> Response:
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": says}, status_code=code, headers=HEADERS)
        page = renderer.page("error.html", None, code, says=says, number=code)
        page.headers.update(HEADERS)
        return page

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        says = error.detail if error.detail != "Not Found" else f"There is no page {request.url.path!r}."
        return answer(request, error.status_code, says)

    @app.exception_handler(RequestValidationError)
    async def misunderstood(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return answer(request, 422, f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        """Said without details; the server logs the traceback, because Starlette raises it again."""
        return answer(request, 500, "Something went wrong on this side. The station’s log says what.")

"""The Jinja environment: packaged templates, always escaping, and the words and numbers they may ask for."""

from __future__ import annotations

import hashlib
from datetime import datetime
from importlib import resources

import msgspec
from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wallwatch import __version__
from wallwatch.web import charts, countries, dates, facts, mechanisms, wording
from wallwatch.web.reader import Status


class Renderer:
    """Renders packaged templates into answers."""

    def __init__(self) -> None:
        self._templates = _environment()

    def page(self, template: str, status: Status | None, code: int = 200, **values: object) -> Response:
        """`template` with `values`; `status` (None where the store cannot tell) fills the page's head."""
        text = self._templates.get_template(template).render(status=status, **values)
        return Response(text, status_code=code, media_type="text/html; charset=utf-8")


def _environment() -> Environment:
    templates = Environment(
        loader=PackageLoader("wallwatch.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(
        wording=wording,
        charts=charts,
        dates=dates,
        facts=facts,
        countries=countries,
        mechanisms=mechanisms,
        time=_time_element,
        asset=_asset_version(),
        version=__version__,
    )
    templates.filters["indented"] = _indented
    templates.filters["function_name"] = wording.function_name
    return templates


def _time_element(time: datetime) -> Markup:
    """A `<time>` with both the machine's and the reader's form."""
    return Markup('<time datetime="{}">{}</time>').format(dates.machine(time), dates.moment(time))


def _asset_version() -> str:
    """Changes with the style sheet or script, so that no browser keeps an old one."""
    static = resources.files("wallwatch.web") / "static"
    names = sorted(entry.name for entry in static.iterdir())
    return hashlib.sha256(b"".join((static / name).read_bytes() for name in names)).hexdigest()[:10]


def _indented(document: object) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()

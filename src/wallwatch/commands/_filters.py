"""The filters that commands over a data folder share, and the parameters that they are for `lake/sql`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import click

from wallwatch.model.outcome import Function
from wallwatch.model.times import from_text

F = TypeVar("F", bound=Callable[..., Any])


class Moment(click.ParamType[datetime]):
    """A time on the command line: `2017-09-20`, `2017-09-20T02:00Z`; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return from_text(value) if isinstance(value, str) else value
        except ValueError:
            self.fail(f"{value!r} is no time; write 2017-09-20 or 2017-09-20T02:00Z", param, ctx)


OPTIONS = (
    click.option("--cc", multiple=True, help="Country code; may be repeated, as may all of these."),
    click.option("--asn", multiple=True, type=int, help="Network, as a number."),
    click.option("--service", multiple=True),
    click.option("--function", multiple=True, type=click.Choice([one.value for one in Function])),
    click.option("--since", type=Moment(), help="From this time on (UTC)."),
    click.option("--until", type=Moment(), help="Before this time (UTC)."),
)


def filters(command: F) -> F:
    """Give a command all of them; it takes them as keyword arguments."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The queries' names for what the user gave; an empty list asks for all."""
    return {
        "ccs": [code.upper() for code in given["cc"]],
        "asns": list(given["asn"]),
        "services": list(given["service"]),
        "functions": list(given["function"]),
        "since": given["since"],
        "until": given["until"],
    }

"""OONI's `telegram` nettest (ts-020): data centres by plain HTTP to address literals, web by HTTPS.

An HTTP answer of a data centre proves nothing: any box in between can give one.
"""

from __future__ import annotations

from wallwatch.model.measurement import Measurement
from wallwatch.model.observation import Observation
from wallwatch.pipeline.extract import Label, Place, standard_rows
from wallwatch.pipeline.places import address_or_none

DC_POOL = Label(service="telegram", function="text", target="telegram/dc_pool")
WEB = Label(service="telegram", function="web", target="telegram/web")
WEB_HOSTS = frozenset({"web.telegram.org", "kws2.web.telegram.org", "zws2.web.telegram.org"})


def label(place: Place) -> Label | None:
    """Literals are data centres; the one name that is looked up is the web client's."""
    host = (place.hostname or "").lower()
    if host in WEB_HOSTS:
        return WEB
    literal = place.address is not None and not host
    return DC_POOL if literal or address_or_none(host) is not None else None


def observe_telegram(measurement: Measurement) -> list[Observation]:
    """The standard lists, each row with its target."""
    return standard_rows(measurement, label)


OBSERVER = observe_telegram

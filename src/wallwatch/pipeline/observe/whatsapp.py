"""OONI's `whatsapp` nettest (ts-018): chat endpoints by TCP connect only, registration and web by HTTPS."""

from __future__ import annotations

import re

from wallwatch.model.measurement import Measurement
from wallwatch.model.observation import Observation
from wallwatch.pipeline.extract import Label, Place, standard_rows

CHAT = re.compile(r"(e[0-9]+|g)\.whatsapp\.net")
ENDPOINTS = Label(service="whatsapp", function="text", target="whatsapp/endpoints")
REGISTRATION = Label(service="whatsapp", function="registration", target="whatsapp/registration")
WEB = Label(service="whatsapp", function="web", target="whatsapp/web")


def label(place: Place) -> Label | None:
    """By name. An address that several functions share belongs to none."""
    host = (place.hostname or "").lower()
    if CHAT.fullmatch(host):
        return ENDPOINTS
    return {"v.whatsapp.net": REGISTRATION, "web.whatsapp.com": WEB}.get(host)


def observe_whatsapp(measurement: Measurement) -> list[Observation]:
    """The standard lists, each row with its target."""
    return standard_rows(measurement, label)


OBSERVER = observe_whatsapp

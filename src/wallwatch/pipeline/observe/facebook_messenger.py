"""OONI's `facebook_messenger` nettest (ts-019): names resolved, TCP connects, not one byte sent."""

from __future__ import annotations

from wallwatch.model.measurement import Measurement
from wallwatch.model.observation import Observation
from wallwatch.pipeline.extract import Label, Place, standard_rows

SERVICE = "facebook_messenger"


def of(function: str | None, name: str) -> Label:
    """A target of this service."""
    return Label(service=SERVICE, function=function, target=f"{SERVICE}/{name}")


HOSTS = {
    "stun.fbsbx.com": of("calls", "stun"),
    "b-api.facebook.com": of(None, "b_api"),
    "b-graph.facebook.com": of(None, "b_graph"),
    "edge-mqtt.facebook.com": of("text", "edge"),
    "external.xx.fbcdn.net": of("media", "external_cdn"),
    "scontent.xx.fbcdn.net": of("media", "scontent_cdn"),
    "star.c10r.facebook.com": of("web", "star"),
}


def label(place: Place) -> Label | None:
    """By name."""
    return HOSTS.get((place.hostname or "").lower())


def observe_facebook_messenger(measurement: Measurement) -> list[Observation]:
    """The standard lists, each row with its target."""
    return standard_rows(measurement, label)


OBSERVER = observe_facebook_messenger

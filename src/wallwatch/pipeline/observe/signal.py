"""OONI's `signal` nettest (ts-029): HTTPS to the hosts of Signal's backend, under Signal's own root.

The hosts changed over the years; a target is a role, whatever its host was called at the time.
"""

from __future__ import annotations

from wallwatch.model.measurement import Measurement
from wallwatch.model.observation import Observation
from wallwatch.pipeline.extract import Label, Place, standard_rows

CHAT = Label(service="signal", function="text", target="signal/chat")
STORAGE = Label(service="signal", function=None, target="signal/storage")
DISCOVERY = Label(service="signal", function=None, target="signal/contact_discovery")
CDN = Label(service="signal", function="media", target="signal/cdn")
CALLS = Label(service="signal", function="calls", target="signal/calls")

HOSTS = {
    "textsecure-service.whispersystems.org": CHAT,  # until November 2023
    "chat.signal.org": CHAT,
    "storage.signal.org": STORAGE,
    "api.directory.signal.org": DISCOVERY,  # until May 2023
    "cdsi.signal.org": DISCOVERY,
    "cdn.signal.org": CDN,
    "cdn2.signal.org": CDN,
    "sfu.voip.signal.org": CALLS,
}


def label(place: Place) -> Label | None:
    """By name; `uptime.signal.org` is looked up and never used, so it belongs to no target."""
    return HOSTS.get((place.hostname or "").lower())


def observe_signal(measurement: Measurement) -> list[Observation]:
    """The standard lists, each row with its target."""
    return standard_rows(measurement, label)


OBSERVER = observe_signal

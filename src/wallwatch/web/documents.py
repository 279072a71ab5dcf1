"""The JSON forms of the API. An incident is the contract's line and a few fields more."""

from __future__ import annotations

from typing import Any

import msgspec

from wallwatch.model.measurement import Json
from wallwatch.model.view import Dossier, Facts, Listed
from wallwatch.web import mechanisms, wording


def incident_line(listed: Listed) -> Json:
    """The contract's fields, then names, the words the pages use, and how many measurements have proof."""
    line: Json = _plain(listed.incident)
    return line | {
        "service_name": listed.service_name,
        "owner_name": listed.owner_name,
        "networks": [{"asn": asn, "name": name} for asn, name in listed.networks],
        "proven": listed.proven,
        "headline": wording.headline(listed),
        "sentence": wording.sentence(listed),
        "mechanism_words": {name: mechanisms.clause(name) for name in listed.incident.mechanisms},
    }


def dossier(value: Dossier) -> Json:
    """An incident line with its `evidence`: trials, strips, and the witnesses with their verdicts."""
    return incident_line(value.listed) | {
        "evidence": {
            "trials": _plain(value.trials),
            "witnesses": _plain(value.witnesses),
            "strips": _plain(value.strips),
        }
    }


def facts(value: Facts) -> Json:
    """A measurement as archived, beside its verdicts."""
    document: Json = _plain(value)
    return document


def _plain(value: object) -> Any:
    """JSON values; times become RFC 3339."""
    return msgspec.to_builtins(value)

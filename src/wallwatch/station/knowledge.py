"""What the judging needs from the catalogue, in the plain forms in which the pipeline takes it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from wallwatch.catalog.loader import Catalogue


class Knowledge(Struct, frozen=True, kw_only=True):
    """Reference data of one edition of the catalogue."""

    pools: Mapping[str, str]  # target -> any_of | all_of
    owners: Mapping[str, str]  # service -> owner's id
    version: str


def knowledge_of(catalogue: Catalogue) -> Knowledge:
    """All services of an edition."""
    return Knowledge(
        pools=catalogue.pools,
        owners={service.name: service.owner for service in catalogue.services.values()},
        version=catalogue.version,
    )

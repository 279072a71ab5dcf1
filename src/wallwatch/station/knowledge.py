"""What the judging needs from the catalogue, in the plain forms in which the pipeline takes it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from wallwatch.catalog.loader import Catalogue
from wallwatch.catalog.targets import target_id


class Knowledge(Struct, frozen=True, kw_only=True):
    """Reference data of one edition of the catalogue."""

    pools: Mapping[str, str]  # target -> any_of | all_of
    owners: Mapping[str, str]  # service -> owner's id
    service_titles: Mapping[str, str]
    owner_titles: Mapping[str, str]
    version: str


def knowledge_of(catalogue: Catalogue) -> Knowledge:
    """All services of an edition."""
    services = catalogue.services.values()
    return Knowledge(
        pools={
            target_id(service.name, function): entry.pool.value
            for service in services
            for function, entry in service.functions.items()
        },
        owners={service.name: service.owner for service in services},
        service_titles={service.name: service.title for service in services},
        owner_titles={name: owner.title for name, owner in catalogue.owners.items()},
        version=catalogue.version,
    )

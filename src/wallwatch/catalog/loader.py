"""Read the catalogue's files. Unknown keys are refused; the hash of the files names the edition."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TypeVar

from msgspec import Struct

from wallwatch import config
from wallwatch.catalog.targets import target_id
from wallwatch.catalog.types import Canaries, Owner, Service
from wallwatch.refusal import Refusal, unknown

T = TypeVar("T", bound=Struct)

DEFAULT_COUNTRY = "default"


class Catalogue(Struct, frozen=True, kw_only=True):
    """All of it. `version` is a hash: two measurements with the same one used the same data."""

    services: dict[str, Service]
    owners: dict[str, Owner]
    canaries_by_country: dict[str, Canaries]
    version: str

    def service(self, name: str) -> Service:
        """By its name. Raises Refusal with the nearest names."""
        if name not in self.services:
            raise unknown("service", name, self.services)
        return self.services[name]

    @property
    def pools(self) -> dict[str, str]:
        """Target -> any_of | all_of."""
        return {
            target_id(service.name, function): entry.pool.value
            for service in self.services.values()
            for function, entry in service.functions.items()
        }

    def canaries(self, country: str) -> Canaries:
        """Those of the country, each filled up from the default."""
        default = self.canaries_by_country[DEFAULT_COUNTRY]
        own = self.canaries_by_country.get(country, default)
        return Canaries(home=own.home or default.home, abroad=own.abroad or default.abroad)


class OwnersFile(Struct, frozen=True, kw_only=True):
    """owners.toml."""

    owners: dict[str, Owner]


class CanariesFile(Struct, frozen=True, kw_only=True):
    """canaries.toml."""

    canaries: dict[str, Canaries]


@cache
def load() -> Catalogue:
    """The edition shipped with this package. The files do not change under a running program."""
    return load_from(resources.files("wallwatch.catalog"))


def load_from(folder: Traversable) -> Catalogue:
    """An edition in a folder: services/*.toml, owners.toml, canaries.toml. Raises Refusal."""
    entries = sorted((folder / "services").iterdir(), key=lambda entry: entry.name)
    entries = [entry for entry in entries if entry.name.endswith(".toml")]
    digest = hashlib.sha256()
    for entry in (folder / "owners.toml", folder / "canaries.toml", *entries):
        digest.update(entry.name.encode() + b"\0" + entry.read_bytes() + b"\0")
    owners = read(folder / "owners.toml", OwnersFile).owners
    services = {entry.name.removesuffix(".toml"): read(entry, Service) for entry in entries}
    for file_name, service in services.items():
        check(file_name, service, owners)
    return Catalogue(
        services=services,
        owners=owners,
        canaries_by_country=read(folder / "canaries.toml", CanariesFile).canaries,
        version=digest.hexdigest()[:16],
    )


def read(entry: Traversable, wanted: type[T]) -> T:
    """One file of the catalogue."""
    return config.decode(entry.read_text(encoding="utf-8"), wanted, f"catalogue {entry.name}")


def check(file_name: str, service: Service, owners: dict[str, Owner]) -> None:
    """What types cannot say: names agree, and references lead somewhere. Raises Refusal."""
    where = f"catalogue {file_name}.toml"
    if service.name != file_name:
        raise Refusal(f"{where} calls its service {service.name!r}")
    if service.owner not in owners:
        raise Refusal(f"{where}: {unknown('owner', service.owner, owners).format_message()}")
    for function, entry in service.functions.items():
        if not entry.endpoints:
            raise Refusal(f"{where}: {function} has no endpoint")
        if entry.pin is not None and entry.pin not in service.pins:
            raise Refusal(f"{where}: {unknown('pin', entry.pin, service.pins).format_message()}")


def has_expired(service: Service, now: datetime) -> bool:
    """Whether the entry is past its day: endpoints drift, and a stale one looks like a block."""
    return now.date() > service.expires

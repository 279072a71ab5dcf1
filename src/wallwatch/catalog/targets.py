"""A target is what one attempt is aimed at: one endpoint of one function, with all that the attempt needs to
know.
"""

from __future__ import annotations

from msgspec import Struct

from wallwatch.catalog.types import Pool, Service, Transport
from wallwatch.model.outcome import Function
from wallwatch.refusal import Refusal, unknown

PIN_LENGTH = 32  # bytes


class Target(Struct, frozen=True, kw_only=True):
    """One endpoint of a function's pool. `target_id` names the function, never an address."""

    service: str
    function: str
    target_id: str  # "whatsapp/text"
    experiment: str
    pool: Pool
    host: str
    port: int
    transport: Transport
    wire_class: str
    trigger_family: str
    path: str | None
    origin: str | None
    pin: bytes | None  # the public key that the catalogue, or the operator's config, pins
    download_bytes: int
    path_unverified: bool
    unverified: bool


def target_id(service: str, function: str) -> str:
    """`whatsapp/text`."""
    return f"{service}/{function}"


def targets_of(service: Service, function: str, pins: dict[str, str]) -> tuple[Target, ...]:
    """A function's pool, in the catalogue's order. `pins` (name -> hex) override the catalogue's.

    Raises Refusal for a function that the catalogue does not have and for a pin that is no 32-byte key.
    """
    if function not in service.functions:
        raise unknown(f"function of {service.name}", function, [str(name) for name in service.functions])
    entry = service.functions[Function(function)]
    pin = None if entry.pin is None else pins.get(entry.pin, service.pins[entry.pin].key)
    return tuple(
        Target(
            service=service.name,
            function=function,
            target_id=target_id(service.name, function),
            experiment=entry.experiment,
            pool=entry.pool,
            host=endpoint.host,
            port=endpoint.port,
            transport=entry.transport,
            wire_class=entry.wire_class,
            trigger_family=entry.trigger_family,
            path=entry.path,
            origin=entry.origin,
            pin=None if pin is None else public_key(entry.pin or "", pin),
            download_bytes=entry.download_bytes,
            path_unverified=entry.path_unverified,
            unverified=endpoint.unverified,
        )
        for endpoint in entry.endpoints
    )


def public_key(name: str, text: str) -> bytes:
    """Decode a pin. Raises Refusal naming it."""
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise Refusal(f"The pin {name} is not hexadecimal") from error
    if len(key) != PIN_LENGTH:
        raise Refusal(f"The pin {name} has {len(key)} bytes; a public key has {PIN_LENGTH}")
    return key

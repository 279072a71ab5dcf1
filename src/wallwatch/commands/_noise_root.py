"""The option by which WhatsApp's certificate root is another than the catalogue's: the lab has its own."""

from __future__ import annotations

import re
from typing import Protocol, TypeVar

import click
import msgspec

from wallwatch.refusal import Refusal

PIN = "whatsapp_noise_root"  # in the catalogue


class Pinned(Protocol):
    """Settings with pins that win over the catalogue's."""

    @property
    def pins(self) -> dict[str, str]: ...


C = TypeVar("C", bound=Pinned)

noise_root_option = click.option(
    "--noise-root",
    envvar="WALLWATCH_NOISE_ROOT",
    show_envvar=True,
    help="WhatsApp's certificate root (hex) instead of the catalogue's; the lab sets its own.",
)


def pinned(config: C, noise_root: str | None) -> C:
    """The settings with that root. Raises Refusal."""
    if noise_root is None:
        return config
    if re.fullmatch("[0-9a-fA-F]{64}", noise_root) is None:
        raise Refusal("--noise-root takes 64 hexadecimal digits, the 32 bytes of a public key")
    changed: C = msgspec.structs.replace(config, pins={**config.pins, PIN: noise_root.lower()})  # type: ignore[type-var]
    return changed

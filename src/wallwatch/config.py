"""Read a TOML file into a frozen type, and refuse what it does not know, with the nearest names.

One function for every file a person writes: the probe's, the control's, the catalogue's. What the settings
mean is said by the types beside the code that uses them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from wallwatch.refusal import Refusal, unknown

T = TypeVar("T", bound=Struct)


def read(path: Path, wanted: type[T]) -> T:
    """The file as a value of `wanted`. Raises Refusal where it cannot be read or does not fit."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"Cannot read {path}: {error}") from error
    return decode(text, wanted, str(path))


def decode(text: str, wanted: type[T], where: str) -> T:
    """TOML text as a value of `wanted`; `where` names it in refusals."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refusal(f"{where} is not TOML: {error}") from error
    refuse_strangers(raw, wanted, where)
    try:
        return msgspec.convert(raw, wanted)
    except msgspec.ValidationError as error:
        raise Refusal(f"{where}: {error}") from error


def refuse_strangers(raw: Any, wanted: Any, where: str) -> None:
    """Raise Refusal for the first key that the type does not have, however deep."""
    kind = structure_of(wanted)
    if kind is not None and isinstance(raw, dict):
        known: dict[str, FieldInfo] = {field.encode_name: field for field in fields(kind)}
        for key, value in raw.items():
            if key not in known:
                raise Refusal(f"{where}: {unknown('setting', key, known).format_message()}")
            refuse_strangers(value, known[key].type, f"{where} [{key}]")
        return
    inner = get_args(wanted)
    if inner and isinstance(raw, dict):
        for key, value in raw.items():
            refuse_strangers(value, inner[-1], f"{where} [{key}]")
    elif inner and isinstance(raw, list):
        for value in raw:
            refuse_strangers(value, inner[0], where)


def structure_of(wanted: Any) -> type[Struct] | None:
    """The Struct in `wanted`, which may be it, or it `| None`; None where there is none."""
    for candidate in (wanted, *(a for a in get_args(wanted) if type(None) in get_args(wanted))):
        if isinstance(candidate, type) and issubclass(candidate, Struct):
            return candidate
    return None

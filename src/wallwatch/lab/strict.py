"""Decode plain values (from TOML or JSON) into Structs, refusing unknown keys with the nearest known ones."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`(?: - at `(?P<where>[^`]*)`)?")


class ShapeError(ValueError):
    """Not of that shape; the message names the key, where it stands, and what was likely meant."""


def decode(value: object, kind: type[T]) -> T:
    """The value as `kind`. Raises ShapeError."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ShapeError(_explain(str(error), kind)) from error


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """ "; did you mean 'sites'?", or all that is known where nothing is near and the list is short."""
    names = sorted(known)
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.5)
    if near:
        return "; did you mean " + " or ".join(repr(name) for name in near) + "?"
    return f" (known: {', '.join(names)})" if names else ""


def _explain(message: str, kind: type) -> str:
    match = _UNKNOWN.match(message)
    if match is None:
        return message
    where = (match["where"] or "$").removeprefix("$").lstrip(".")
    known = _keys(inspect.type_info(kind), re.findall(r"\w+", re.sub(r"\[[^]]*\]", "", where)))
    place = f" in {where}" if where else ""
    return f"unknown key {match['key']!r}{place}{did_you_mean(match['key'], known)}"


def _keys(node: Any, way: list[str]) -> list[str]:
    """The keys that may stand in the table to which `way` (names of fields) leads; [] where that is free."""
    while isinstance(node, inspect.ListType | inspect.DictType | inspect.UnionType):
        if isinstance(node, inspect.UnionType):
            node = next(
                (kind for kind in node.types if not isinstance(kind, inspect.NoneType)), node.types[0]
            )
        else:
            node = node.item_type if isinstance(node, inspect.ListType) else node.value_type
    if not isinstance(node, inspect.StructType):
        return []
    if not way:
        return [field.encode_name for field in node.fields]
    inner = next((field.type for field in node.fields if field.encode_name == way[0]), None)
    return _keys(inner, way[1:]) if inner is not None else []

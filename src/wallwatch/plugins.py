"""Find plugins: each module in a folder defines one well-known constant. There is no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any


def discover(package: str, constant: str) -> dict[str, Any]:
    """Import every module of `package` (not its private ones) and return module name -> its constant.

    Raises AttributeError naming the module that lacks the constant, so that a forgotten one is loud.
    """
    folder = importlib.import_module(package)
    found: dict[str, Any] = {}
    for entry in sorted(pkgutil.iter_modules(folder.__path__), key=lambda module: module.name):
        if entry.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package}.{entry.name}")
        if not hasattr(module, constant):
            raise AttributeError(f"{module.__name__} must define {constant}")
        found[entry.name] = getattr(module, constant)
    return found


def names(package: str) -> list[str]:
    """The names of a folder's plugins without importing them."""
    folder = importlib.import_module(package)
    return sorted(m.name for m in pkgutil.iter_modules(folder.__path__) if not m.name.startswith("_"))

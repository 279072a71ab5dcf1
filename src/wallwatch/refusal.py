"""Errors that a person reads: what is wrong, the cure, and the exit status. Raised at the rim only."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import click

from wallwatch import exits


class Refusal(click.ClickException):
    """Something that the user can cure. The message says how."""

    exit_code = exits.WRONG_USE


class CannotHere(Refusal):
    """This machine cannot do it; the message says what is missing and how to get it."""

    exit_code = exits.CANNOT_HERE


def unknown(what: str, given: str, known: Iterable[str]) -> Refusal:
    """ "No scenario 'chian'; did you mean 'china-...'?", with the nearest names, or all where few."""
    names = sorted(known)
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.4)
    if near:
        hint = "Did you mean " + " or ".join(repr(name) for name in near) + "?"
    else:
        hint = "Known: " + (", ".join(names) if names else "none") + "."
    return Refusal(f"There is no {what} {given!r}. {hint}")


def needs_extra(extra: str, error: ImportError) -> CannotHere:
    """A package of an extra is not installed."""
    return CannotHere(
        f"This command needs the {extra} packages ({error.name} is missing): pip install 'wallwatch[{extra}]'"
    )

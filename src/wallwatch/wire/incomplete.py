"""The one error that more bytes may cure."""

from __future__ import annotations


class Incomplete(ValueError):  # noqa: N818 - not an error but a state: half a message
    """The bytes so far are the beginning of a message; read more and parse again from its start."""

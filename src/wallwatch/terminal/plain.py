"""The log as plain lines, for a file, a pipe or a CI run."""

from __future__ import annotations

from collections.abc import Iterable

from wallwatch.terminal.documents import Document, notes_of


def plain_lines(log: Iterable[Document]) -> list[str]:
    """One line a note: `2017-09-20 02:00 UTC  suspected  text  [CN-whatsapp-block-2017-2]`."""
    return [
        f"{note.time:%Y-%m-%d %H:%M} UTC  {printable(note.state or note.kind):<9}  {printable(note.text)}"
        + (f"  [{printable(note.incident_id)}]" if note.incident_id else "")
        for note in notes_of(log)
    ]


def printable(text: str) -> str:
    """Without control characters: a hostile name must not move the cursor or colour the screen."""
    return "".join(char if char.isprintable() else " " for char in text)

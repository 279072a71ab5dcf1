"""Keep a picture on the terminal: the alternate screen while it lasts, the last frame left behind after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType

from msgspec.structs import replace
from rich.console import Console
from rich.live import Live

from wallwatch.terminal.documents import Document, Picture, incidents_of, notes_of, strips_of
from wallwatch.terminal.frame import Frame

REDRAWS_PER_SECOND = 4  # so that a resize is followed even between updates


class Terminal:
    """Use as a context manager; `update` after each round. It never reads the keyboard.

    Leaving, also by Ctrl-C or an error, gives the terminal back as it was and prints the last frame.
    """

    def __init__(self, title: str, page_url: str, console: Console | None = None) -> None:
        """`page_url` is shown so that a browser can be pointed at it; `console` is for tests."""
        self._console = console or Console(stderr=True)
        self._picture = Picture(
            title=title, page_url=page_url, round=0, total=0, instant=None, strips=(), incidents=(), log=()
        )
        self._live: Live | None = None

    def __enter__(self) -> Terminal:
        self._live = Live(
            Frame(self._picture),
            console=self._console,
            screen=True,
            refresh_per_second=REDRAWS_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.__exit__(kind, error, trace)
        self._console.print(Frame(self._picture, last=True))

    def update(
        self,
        round: int,  # noqa: A002  the word of the rounds protocol
        total: int,
        instant: datetime,
        strips: Sequence[Document],
        incidents: Sequence[Document],
        log: Sequence[Document],
    ) -> None:
        """Draw the state after round `round` of `total`; `instant` is scenario time, UTC.

        `log` is the whole log so far (the last lines of it are enough). Raises msgspec.ValidationError
        where a document is not of the API's shape.
        """
        self._picture = replace(
            self._picture,
            round=round,
            total=total,
            instant=instant,
            strips=strips_of(strips),
            incidents=incidents_of(incidents),
            log=notes_of(log),
        )
        if self._live is not None:
            self._live.update(Frame(self._picture), refresh=True)

"""Nothing is sent before the person who runs the probe has read what it does and agreed.

The consent is a file in the probe's home, with the text agreed to and the time; a changed text asks again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from wallwatch.model.times import to_rfc3339
from wallwatch.refusal import Refusal

TEXT = """\
Before the first packet: what this does, and what it may mean for you.

* It contacts the servers of the services you watch (WhatsApp, for one) and speaks the first steps of their
  protocols, without an account, a phone number or a message to anyone. To an onlooker that looks like the app
  being used.
* When something fails it runs a trial: it sends the same first bytes to servers that have nothing to do
  with the service, and meaningless bytes of the same length to the service. That does NOT look like normal
  use. Whoever watches your line can see that you run a censorship monitor.
* It talks to the control vantage and the collector you configured. Measurements name your country, your
  network (AS number) and the time, never your address. They may be published.
* In some countries measuring censorship may put you at risk. Nobody here knows your risk: you do. Not
  running it is fine.

`wallwatch probe targets` lists what will be contacted, how often and with which bytes.
"""

FILE_NAME = "consent.json"


class Consent(Struct, frozen=True, kw_only=True):
    """Who agrees agrees to one text at one time, in one way."""

    text_sha256: str
    time: str  # RFC 3339
    how: str  # "terminal", "--yes", "config"


def text_hash() -> str:
    """Which text it is."""
    return hashlib.sha256(TEXT.encode()).hexdigest()


def given(home: Path) -> bool:
    """Whether today's text has been agreed to. An unreadable record is none."""
    try:
        record = msgspec.json.decode((home / FILE_NAME).read_bytes(), type=Consent)
    except (OSError, msgspec.DecodeError):
        return False
    return record.text_sha256 == text_hash()


def store(home: Path, now: datetime, how: str) -> None:
    """Write it down. Raises Refusal where the home cannot be written."""
    record = Consent(text_sha256=text_hash(), time=to_rfc3339(now), how=how)
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / FILE_NAME).write_bytes(msgspec.json.encode(record) + b"\n")
    except OSError as error:
        raise Refusal(
            f"Cannot keep your consent in {home}: {error}. Name another folder as `home`."
        ) from error


def ensure(home: Path, now: datetime, agreed: str | None, ask: Callable[[str], bool] | None) -> None:
    """Return once there is consent. `agreed`: "--yes" or "config" where given already; `ask`: None without a
    terminal.

    Raises Refusal, before anything was sent, where there is none.
    """
    if given(home):
        return
    if agreed is not None:
        store(home, now, agreed)
        return
    if ask is None:
        raise Refusal(
            "Nothing was sent: this needs your consent first, and there is no terminal to ask on.\n\n"
            f"{TEXT}\nIf you agree, run it again with --yes, or set `consent = true` in the config file."
        )
    if not ask(TEXT):
        raise Refusal("Nothing was sent: you did not agree.")
    store(home, now, "terminal")

"""How `wallwatch check` says what it saw: a table, and sentences that can be quoted. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wallwatch import exits
from wallwatch.catalog import Catalogue
from wallwatch.model.handshake import Handshake, Rung
from wallwatch.model.mechanism import ancestors
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.model.verdict import Verdict
from wallwatch.vantage.record import Canaries

RUNG_WORDS = {
    Rung.NOTHING: "nothing: the name does not resolve",
    Rung.RESOLVED: "the name resolved (L0)",
    Rung.CONNECTED: "connected (L1)",
    Rung.ANSWERED: "something answered (L2)",
    Rung.PARSED: "it spoke the protocol (L3)",
    Rung.AUTHENTICATED: "it proved who it is (L4)",
    Rung.SUSTAINED: "proved, and went on (L5)",
}
STYLES = {"ok": "green", "down": "yellow", "blocked": "bold red", "unknown": "cyan"}
NO_INTERNET = (
    "This machine has no working internet connection: neither the pages that nobody blocks nor any of the "
    "services could be reached. Nothing can be said about blocking."
)
NO_CONTROL = (
    "There is no control, so a failure here stays unknown: it may be an outage. On a machine abroad run "
    "`wallwatch control --listen 0.0.0.0:8790`, then here: wallwatch check --control http://ITS-ADDRESS:8790"
)


# What a mechanism means, in words for people; the longest beginning that fits is used.
MECHANISM_WORDS = {
    "dns": "looking up the name is interfered with",
    "dns.injection": "look-ups of the name get a forged answer",
    "ip": "packets to the address do not arrive",
    "tcp": "connections to the address are interfered with",
    "tcp.timeout": "connections to the address are silently dropped",
    "tcp.reset": "connections are cut by a reset",
    "tls": "encrypted connections are interfered with",
    "tls.reset": "encrypted connections are cut by a reset",
    "tls.reset.sni": "connections that name the service in their TLS greeting are cut by a reset",
    "tls.timeout": "encrypted connections are silently dropped",
    "tls.timeout.sni": "connections that name the service in their TLS greeting are silently dropped",
    "tls.mitm": "somebody on the way answers in the service's place",
    "http": "web requests are interfered with",
    "http.blockpage": "a page that says it is blocked is shown instead",
    "proto": "the service's own protocol is interfered with",
    "proto.drop": "connections that speak the service's protocol are recognised and silently dropped",
    "proto.reset": "connections that speak the service's protocol are recognised and cut by a reset",
}


class Tally(Struct, frozen=True, kw_only=True):
    """How the control's own tries of a target went."""

    tries: int
    failed: int


class Seen(Struct, frozen=True, kw_only=True):
    """Everything that one check found."""

    verdicts: tuple[Verdict, ...]
    handshakes: tuple[Handshake, ...]
    canaries: Canaries
    has_control: bool
    controls: dict[str, Tally]  # target -> what the control saw; absent: it gave no answer


def has_no_internet(seen: Seen) -> bool:
    """No canary and no attempt got anywhere."""
    none_had = seen.canaries.abroad is False and seen.canaries.home is not True
    return none_had and all(handshake.failure is not None for handshake in seen.handshakes)


def exit_status(seen: Seen) -> int:
    """1 something is blocked, 4 something failed and cannot be called blocked."""
    outcomes = {verdict.outcome for verdict in seen.verdicts}
    if Outcome.BLOCKED in outcomes:
        return exits.BAD_ANSWER
    return exits.DONE if outcomes == {Outcome.OK} else exits.CANNOT_TELL


def outcome_words(verdict: Verdict) -> str:
    """`blocked` for what is proven, `consistent with blocking` else."""
    if verdict.outcome is Outcome.BLOCKED and verdict.grade is not Grade.PROVEN:
        return "consistent with blocking"
    return verdict.outcome.value


def table(seen: Seen, catalogue: Catalogue) -> Table:
    """A line for each function."""
    made = Table(show_lines=False)
    for heading in ("service", "function", "outcome", "came as far as", "what failed", "control"):
        made.add_column(heading, overflow="fold")
    for verdict in seen.verdicts:
        own = [h for h in seen.handshakes if h.target_id == verdict.target and h.trial is None]
        made.add_row(
            title_of(catalogue, verdict.service),
            verdict.function or "",
            Text(outcome_words(verdict), style=STYLES[verdict.outcome.value]),
            RUNG_WORDS[Rung(max((h.rung for h in own), default=Rung.NOTHING))],
            failures_of(own),
            control_words(verdict, seen),
        )
    return made


def title_of(catalogue: Catalogue, service: str | None) -> str:
    """As people write it."""
    return catalogue.services[service].title if service in catalogue.services else service or ""


def failures_of(attempts: Sequence[Handshake]) -> str:
    """`2 of 3: connection_reset (tls_handshake)`; nothing where nothing failed."""
    failed = [f"{h.failure} ({h.failed_operation})" for h in attempts if h.failure is not None]
    if not failed:
        return ""
    return f"{len(failed)} of {len(attempts)}: " + ", ".join(sorted(set(failed)))


def control_words(verdict: Verdict, seen: Seen) -> str:
    """Whether it was asked, and how its tries went."""
    if verdict.outcome is Outcome.OK and verdict.target not in seen.controls:
        return "not asked"
    if not seen.has_control:
        return "none"
    tally = seen.controls.get(verdict.target or "")
    if tally is None:
        return "no answer"
    return (
        "failed too"
        if tally.failed == tally.tries
        else f"reached it ({tally.tries - tally.failed} of {tally.tries})"
    )


def sentences(seen: Seen, catalogue: Catalogue) -> list[str]:
    """For each function that does not work: what is claimed, on what grounds."""
    return [
        f"{title_of(catalogue, verdict.service)}, {verdict.function}: {claim(verdict)}. "
        f"{verdict.because[:1].upper()}{verdict.because[1:]}."
        for verdict in seen.verdicts
        if verdict.outcome is not Outcome.OK
    ]


def claim(verdict: Verdict) -> str:
    """The claim by itself, as strong as the evidence and no stronger."""
    if verdict.outcome is not Outcome.BLOCKED:
        return {
            Outcome.DOWN: "down, for the control abroad as well",
            Outcome.UNKNOWN: "unknown",
            Outcome.OK: "works",
        }[verdict.outcome]
    how = f": {mechanism_words(verdict.mechanism)} ({verdict.mechanism})" if verdict.mechanism else ""
    if verdict.grade is Grade.PROVEN:
        return f"blocked by the network, proven{how}"
    return f"consistent with blocking, not proven{how}"


def mechanism_words(mechanism: str) -> str:
    """In words for people; the label itself where there are none."""
    return next(
        (MECHANISM_WORDS[node] for node in ancestors(mechanism) if node in MECHANISM_WORDS), mechanism
    )


def show(seen: Seen, catalogue: Catalogue, console: Console) -> None:
    """All of it for a person."""
    if has_no_internet(seen):
        console.print(NO_INTERNET, soft_wrap=True)
        return
    console.print(table(seen, catalogue))
    for sentence in sentences(seen, catalogue):
        console.print(f"* {sentence}", soft_wrap=True, highlight=False)
    if not seen.has_control and exit_status(seen) != exits.DONE:
        console.print(NO_CONTROL, soft_wrap=True, highlight=False)


def targets_in_order(verdicts: Iterable[Verdict], catalogue: Catalogue) -> tuple[Verdict, ...]:
    """As the catalogue lists the functions; a verdict without a target comes last."""
    order = {
        f"{service.name}/{function}": (position, index)
        for position, service in enumerate(catalogue.services.values())
        for index, function in enumerate(service.functions)
    }
    return tuple(sorted(verdicts, key=lambda v: order.get(v.target or "", (len(order), 0))))

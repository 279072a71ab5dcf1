"""Add up what one vantage saw of one target. Counts only; what they mean is the rules' business."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

from wallwatch.model.evidence import Canaries, Facts, FailureCount, Layer, Page
from wallwatch.model.handshake import Handshake, Rung
from wallwatch.model.observation import Observation
from wallwatch.pipeline.places import endpoint_text, same_site
from wallwatch.pipeline.values import split_url

Rows = Sequence[Observation]


def facts_of(rows: Rows, test_input: str | None) -> Facts:
    """Attempts are handshakes where there are any, else web requests. Trials are left out.

    Where some attempts rest on verified facts of the catalogue, those that do not are left out too.
    """
    attempts = verified_only(
        [row for row in rows if row.handshake is not None and row.handshake.trial is None]
    )
    pages = [row for row in rows if row.kind == "http"]
    tried = attempts or pages
    failed = [row for row in tried if row.failure is not None]
    proved = [row for row in tried if is_authenticated(row, test_input)]
    passed = by_endpoint(attempts or [row for row in rows if row.kind == "tcp"])
    return Facts(
        attempts=len(tried),
        failed=len(failed),
        failures=count_failures(failed),
        authenticated=len(proved),
        answered=sum(1 for row in tried if has_answer(row)) - len(proved),
        best_rung=max((row.handshake.rung for row in attempts if row.handshake is not None), default=None),
        endpoints=tuple(sorted(passed)),
        endpoints_failed=tuple(sorted(end for end, each in passed.items() if not any(each))),
        endpoints_mixed=tuple(sorted(end for end, each in passed.items() if any(each) and not all(each))),
        hosts=tuple(sorted({host for host in map(host_of, tried) if host})),
        source_ports=len({p for p in map(source_port_of, attempts) if p is not None}),
        trigger_families=tuple(sorted({row.handshake.trigger_family for row in attempts if row.handshake})),
        answers=tuple(
            sorted(set(chain.from_iterable(row.answers or () for row in rows if row.kind == "dns")))
        ),
        dns=layer_of(rows, "dns"),
        tcp=layer_of(rows, "tcp"),
        tls=layer_of(rows, "tls"),
        http=layer_of(rows, "http"),
        page=page_of(pages),
    )


def verified_only(attempts: list[Observation]) -> list[Observation]:
    """Attempts at verified endpoints, or all where there is none."""
    verified = [row for row in attempts if row.handshake is not None and not row.handshake.unverified]
    return verified or attempts


def is_authenticated(row: Observation, test_input: str | None) -> bool:
    """The far end proved who it is, and nothing failed after that.

    A page of another site than the one asked for proves nothing about it: a notice page has a valid
    certificate of its own.
    """
    if row.failure is not None:
        return False
    if row.handshake is not None:
        return proves_itself(row.handshake)
    asked = split_url(test_input) if test_input is not None else None
    host = asked.hostname if asked is not None else None
    return (
        row.verified is True
        and row.http_status is not None
        and (host is None or same_site(row.hostname, host))
    )


def proves_itself(handshake: Handshake) -> bool:
    """At least the rung at which a key is checked, and the check passed."""
    return handshake.rung >= Rung.AUTHENTICATED and handshake.auth is not None and handshake.auth.ok


def has_answer(row: Observation) -> bool:
    """Bytes came back."""
    if row.handshake is not None:
        return row.handshake.rung >= Rung.ANSWERED
    return row.http_status is not None


def by_endpoint(rows: Iterable[Observation]) -> dict[str, list[bool]]:
    """Endpoint -> whether each attempt at it passed."""
    found: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        if row.address is not None and row.port is not None:
            found[endpoint_text(row.address, row.port)].append(row.failure is None)
    return dict(found)


def host_of(row: Observation) -> str | None:
    """The name, else the address."""
    return row.hostname or row.address


def source_port_of(row: Observation) -> int | None:
    return row.handshake.source_port if row.handshake is not None else None


def layer_of(rows: Rows, kind: str) -> Layer:
    """All rows of a kind."""
    found = [row for row in rows if row.kind == kind]
    failed = [row for row in found if row.failure is not None]
    return Layer(n=len(found), failed=len(failed), failures=count_failures(failed))


def count_failures(failed: Iterable[Observation]) -> tuple[FailureCount, ...]:
    """How often each operation failed in each way, sorted."""
    counts = Counter((row.failed_operation or "", row.failure or "") for row in failed)
    return tuple(sorted(FailureCount(operation=o, failure=f, count=n) for (o, f), n in counts.items()))


def page_of(pages: Rows) -> Page | None:
    """The last page after redirects; df-001 lists it first."""
    if not pages:
        return None
    last = pages[0]
    return Page(url=last.http_url, status=last.http_status, body_length=last.body_length, title=last.title)


def canaries_of(rows: Rows) -> Canaries:
    """True where it was had at least once."""
    return Canaries(home=canary(rows, "canary/home"), abroad=canary(rows, "canary/abroad"))


def canary(rows: Rows, target: str) -> bool | None:
    had = [row.failure is None for row in rows if row.kind == "canary" and row.target == target]
    return any(had) if had else None

"""What must hold for every input: nothing raised but Unreadable, no order, no block without grounds."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.making import (
    Json,
    attempt,
    control_record,
    in_trial,
    pairs,
    record,
    rows,
    tries,
    verdicts,
)
from wallwatch.model import failure as failures
from wallwatch.model.outcome import Outcome, gravity
from wallwatch.pipeline.evidence import gather
from wallwatch.pipeline.judge import judge
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.observe import observe, observers
from wallwatch.pipeline.unreadable import Unreadable
from wallwatch.pipeline.unwrap import Raw, documents, unwrap

KINDS = st.sampled_from([None, *sorted(failures.KNOWN), "unknown_failure: what"])
OPERATIONS = st.sampled_from(["resolve", "connect", "tls_handshake", "verify", "write", "read", "parse", "?"])
FUNCTIONS = st.sampled_from(["text", "media"])
PAYLOADS = st.sampled_from(["trigger", "neutral"])
ADDRESSES = st.sampled_from(["service", "neutral"])
CANARIES = st.fixed_dictionaries(
    {"home": st.sampled_from([True, False, None]), "abroad": st.sampled_from([True, False, None])}
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["1.2.3.4", "[::1]:443", "1.2.3.4:443", "https://a.example/", "e1.whatsapp.net", "base64", "QUE="]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
ENTRY_KEYS = [
    *(
        "hostname",
        "answers",
        "failure",
        "query_type",
        "ip",
        "port",
        "status",
        "t",
        "t0",
        "address",
        "server_name",
    ),
    *(
        "no_tls_verify",
        "peer_certificates",
        "request",
        "response",
        "resolver_address",
        "trial",
        "rung",
        "service",
    ),
]
entries = st.lists(
    st.one_of(values, st.dictionaries(st.sampled_from(ENTRY_KEYS), values, max_size=8)), max_size=4
)
LISTS = ["queries", "tcp_connect", "tls_handshakes", "requests", "x_handshakes"]
test_keys = st.one_of(
    values,
    st.dictionaries(
        st.sampled_from([*LISTS, "control", "control_failure", "x_canaries"]),
        st.one_of(entries, values),
        max_size=6,
    ),
)


@st.composite
def attempts(draw: st.DrawFn) -> Json:
    """A try or a trial's attempt, failed or not."""
    failure = draw(KINDS)
    changes: dict[str, Any] = {
        "failed_operation": None if failure is None else draw(OPERATIONS),
        "source_port": draw(st.one_of(st.none(), st.integers(40000, 40004))),
        "rung": draw(st.integers(-1, 5)),
        "unverified": draw(st.booleans()),
    }
    function = draw(FUNCTIONS)
    if draw(st.booleans()):
        return attempt(function, failure=failure, **changes)
    return {
        **in_trial(
            (draw(PAYLOADS), draw(ADDRESSES)), draw(st.integers(0, 11)), failure=failure, function=function
        ),
        **changes,
    }


many_attempts = st.lists(attempts(), max_size=24)


@given(
    raw=st.one_of(st.binary(max_size=64), st.text(max_size=64).map(str.encode)),
    uid=st.one_of(st.none(), st.text(max_size=12)),
)
def test_decode_raises_unreadable_and_nothing_else(raw: bytes, uid: str | None) -> None:
    for function in (lambda: decode(raw, uid), lambda: unwrap(raw), lambda: list(documents(raw))):
        try:
            function()
        except Unreadable:
            continue


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    keys=test_keys,
    name=st.sampled_from([*sorted(observers()), "tor"]),
    envelope=st.dictionaries(
        st.sampled_from(
            [
                "input",
                "probe_cc",
                "probe_asn",
                "annotations",
                "resolver_asn",
                "test_runtime",
                "measurement_uid",
                "report_id",
            ]
        ),
        values,
        max_size=8,
    ),
)
def test_whatever_a_record_holds_it_is_judged_or_refused(keys: Any, name: str, envelope: Json) -> None:
    made = {**envelope, "test_name": name, "measurement_start_time": "2022-11-10 00:00:00", "test_keys": keys}
    try:
        found = unwrap(json.dumps(made).encode())
        decoded = [decode(each.body, each.uid) for each in found if isinstance(each, Raw)]
    except Unreadable:
        return
    for measurement in decoded:
        seen = observe(measurement)
        assert seen
        assert [judge(each, "reference-1") for each in gather(seen, [])]


@given(own=many_attempts, theirs=many_attempts, canaries=CANARIES, seed=st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    own: list[Json], theirs: list[Json], canaries: Json, seed: Any
) -> None:
    probe, control = rows(record(own, canaries=canaries)), rows(control_record(theirs))
    expected = [judge(each, "r") for each in gather(probe, control)]
    seed.shuffle(probe)
    seed.shuffle(control)
    assert [judge(each, "r") for each in gather(probe, control)] == expected


@given(own=many_attempts, canaries=CANARIES)
def test_without_a_control_nothing_is_blocked_or_down(own: list[Json], canaries: Json) -> None:
    for found in verdicts(record(own, canaries=canaries)):
        assert found.outcome in (Outcome.OK, Outcome.UNKNOWN)


@given(own=many_attempts, theirs=many_attempts, canaries=CANARIES)
def test_a_verdict_keeps_to_its_contract(own: list[Json], theirs: list[Json], canaries: Json) -> None:
    for found in verdicts(record(own, canaries=canaries), control_record(theirs)):
        blocked = found.outcome is Outcome.BLOCKED
        assert (found.grade is not None) == blocked
        assert (found.locus is not None) == blocked
        assert found.mechanism is None or blocked
        assert found.mechanism is None or found.layer == found.mechanism.split(".")[0]
        assert found.fraction is None or 0 <= found.fraction <= 1
        assert found.rules
        assert found.because
        if blocked:
            assert found.control_uid is not None


@given(
    lost=st.integers(0, 3),
    more=st.integers(1, 12),
    kind=st.sampled_from([failures.TIMEOUT, failures.CONNECTION_RESET]),
    trial=st.booleans(),
)
def test_more_of_the_same_never_weakens(lost: int, more: int, kind: str, trial: bool) -> None:
    def judged(extra: int) -> int:
        sent = [kind] * (8 + extra)
        neutral = [kind] * lost + [None] * (8 + extra - lost)
        own = [*tries(3 + extra, failure=kind), *(pairs(sent, neutral) if trial else [])]
        control = control_record([*tries(1 + extra), *pairs([None] * (4 + extra), [None] * (4 + extra))])
        (found,) = verdicts(record(own), control)
        return gravity(found.outcome, found.grade)

    assert judged(more) >= judged(0)


@given(kind=st.sampled_from([failures.TIMEOUT, failures.CONNECTION_RESET]), others=st.integers(1, 4))
def test_other_probes_that_agree_change_nothing_in_this_ones_verdict(kind: str, others: int) -> None:
    own = rows(record(tries(3, failure=kind)))
    neighbours = rows(
        *(
            record(tries(3, failure=kind), run_id=f"run-{n}", probe_asn=f"AS{9808 + n}")
            for n in range(2, 2 + others)
        )
    )
    control = rows(control_record(tries(1)))
    alone = [judge(each, "r") for each in gather(own, control)]
    together = [judge(each, "r") for each in gather([*neighbours, *own], control)]
    assert alone[0] in together
    assert len(together) == 1 + others

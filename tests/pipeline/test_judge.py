"""What the judge says of the situations that the design names, one test a situation."""

from __future__ import annotations

import pytest

from tests.pipeline.making import (
    BLOCKED_TEXT,
    PASSING_CONTROL,
    Json,
    attempt,
    control_record,
    pairs,
    record,
    rows,
    tries,
    verdict,
    verdicts,
)
from wallwatch.model.failure import (
    CONNECTION_RESET,
    DNS_NXDOMAIN,
    EOF,
    SSL_UNKNOWN_AUTHORITY,
    TIMEOUT,
)
from wallwatch.model.outcome import Grade, Locus, Outcome
from wallwatch.pipeline.evidence import gather
from wallwatch.pipeline.judge import judge, rules

RESET = CONNECTION_RESET


def test_a_trial_proves_a_block_by_the_protocols_first_bytes() -> None:
    found = verdict(BLOCKED_TEXT, PASSING_CONTROL)
    assert (found.outcome, found.grade, found.locus) == (Outcome.BLOCKED, Grade.PROVEN, Locus.NETWORK)
    assert (found.mechanism, found.layer, found.fraction) == ("proto.reset.noise", "proto", 1.0)
    assert found.rules[0] == "trial.trigger_fails_anywhere"
    assert found.trial_ids == ("trial-1",)
    assert found.because == (
        "the first bytes of the protocol failed 8 of 8 times towards an address that the service does not run"
        ", other bytes of the same length passed 8 of 8 times, and the control passed both"
    )


@pytest.mark.parametrize(
    ("function", "failures", "mechanism"),
    [
        ("media", [RESET] * 8, "tls.reset.sni"),
        ("media", [TIMEOUT] * 8, "tls.timeout.sni"),
        ("media", [EOF] * 8, "tls.eof.sni"),
        ("text", [TIMEOUT] * 8, "proto.drop.noise"),
        ("text", [EOF] * 8, "proto"),
        ("media", [RESET, TIMEOUT] * 4, "tls"),
        ("text", [RESET, TIMEOUT] * 4, "proto"),
        ("media", [TIMEOUT] + [RESET] * 11, "tls.reset.sni"),  # one lost packet does not blur it
    ],
)
def test_the_mechanism_is_no_deeper_than_the_failures(
    function: str, failures: list[str], mechanism: str
) -> None:
    probe = record(
        [
            *tries(3, function, failures[-1]),
            *pairs(failures, [None] * len(failures), function=function),
        ]
    )
    control = control_record([*tries(1, function), *pairs([None] * 4, [None] * 4, function=function)])
    found = verdict(probe, control)
    assert (found.grade, found.mechanism) == (Grade.PROVEN, mechanism)
    assert found.layer == mechanism.split(".")[0]


def test_a_family_without_a_node_of_its_own_gives_the_ancestor() -> None:
    probe = record(
        [*tries(3, failure=RESET), *pairs([RESET] * 8, [None] * 8, trigger_family="fully_encrypted")]
    )
    control = control_record([*tries(1), *pairs([None] * 4, [None] * 4, trigger_family="fully_encrypted")])
    assert verdict(probe, control).mechanism == "proto.reset"


def test_intermittent_blocking_is_proven_when_it_is_significant_though_some_tries_worked() -> None:
    sometimes = [RESET if number % 5 in (0, 2) else None for number in range(24)]  # 10 of 24
    probe = record([attempt(failure=RESET), *tries(2), *pairs(sometimes, [None] * 24)])
    found = verdict(probe, PASSING_CONTROL)
    assert (found.outcome, found.grade, found.mechanism) == (
        Outcome.BLOCKED,
        Grade.PROVEN,
        "proto.reset.noise",
    )
    assert "failed 10 of 24 times" in found.because


def test_a_trial_that_is_not_settled_proves_nothing_and_is_not_ok_either() -> None:
    probe = record([attempt(failure=RESET), *tries(2), *pairs([RESET] * 4 + [None] * 5, [None] * 9)])
    found = verdict(probe, PASSING_CONTROL)
    assert (found.outcome, found.rules[0]) == (Outcome.UNKNOWN, "trial.not_settled")


def test_a_trial_that_loses_both_arms_alike_is_ordinary_loss() -> None:
    lossy = [TIMEOUT, None, None, TIMEOUT, None, None, None, None]
    probe = record([attempt(failure=TIMEOUT), *tries(2), *pairs(lossy, lossy[::-1])])
    assert verdict(probe, PASSING_CONTROL).outcome is Outcome.OK


@pytest.mark.parametrize(
    "control",
    [
        control_record(tries(1)),  # no trial at all
        control_record([*tries(1), *pairs([RESET] * 4, [None] * 4)]),  # the twin itself dislikes the trigger
        control_record([*tries(1), *pairs([None], [None])]),  # once is not enough
    ],
)
def test_a_trial_that_the_control_did_not_pass_is_not_proof(control: Json) -> None:
    found = verdict(BLOCKED_TEXT, control)
    assert found.grade is not Grade.PROVEN
    assert "trial.control_did_not_pass" in found.rules


def test_a_control_that_loses_nearly_as_much_is_not_passing() -> None:
    probe = record([*tries(3, failure=RESET), *pairs([RESET] * 9 + [None] * 15, [None] * 24)])
    steady = control_record([*tries(1), *pairs([None] * 5, [None] * 5)])
    lossy = control_record([*tries(1), *pairs([RESET] + [None] * 4, [None] * 5)])
    assert verdict(probe, steady).grade is Grade.PROVEN
    assert verdict(probe, lossy).grade is not Grade.PROVEN


def test_several_tries_beside_a_working_control_are_consistent_with_blocking() -> None:
    found = verdict(record(tries(3, failure=RESET)), PASSING_CONTROL)
    assert (found.outcome, found.grade, found.locus) == (Outcome.BLOCKED, Grade.CONSISTENT, Locus.UNKNOWN)
    assert found.mechanism == "proto.reset"  # no trial, so nothing is known of the trigger
    assert "3 of 3 tries failed" in found.because
    assert "3 source ports" in found.because


def test_a_failure_confined_to_the_services_own_address_stays_consistent() -> None:
    found = verdict(record([*tries(3, failure=RESET), *pairs([None] * 8, [None] * 8)]), PASSING_CONTROL)
    assert (found.grade, found.locus) == (Grade.CONSISTENT, Locus.UNKNOWN)
    assert found.rules[0] == "trial.fails_only_towards_service"


@pytest.mark.parametrize(
    ("changes", "mechanism"),
    [
        ({"failure": TIMEOUT, "failed_operation": "connect", "source_port": None, "rung": 0}, "tcp.timeout"),
        (
            {
                "failure": DNS_NXDOMAIN,
                "failed_operation": "resolve",
                "source_port": None,
                "endpoint": "",
                "rung": -1,
            },
            "dns.nxdomain",
        ),
        ({"failure": SSL_UNKNOWN_AUTHORITY, "failed_operation": "verify", "rung": 3}, "tls.mitm"),
    ],
)
def test_each_layer_has_its_consistent_rule(changes: Json, mechanism: str) -> None:
    query = {"hostname": "mmg.whatsapp.net", "query_type": "A", "failure": None}
    answers = [{"answer_type": "A", "ipv4": "157.240.1.53"}]
    control = control_record(tries(1, "media"), queries=[{**query, "answers": answers}])
    probe = record([attempt("media", **{"source_port": 40001 + n, **changes}) for n in range(3)])
    found = verdict(probe, control)
    assert (found.grade, found.mechanism) == (Grade.CONSISTENT, mechanism)


def test_names_that_lead_elsewhere_leave_name_or_address_open() -> None:
    def looked_up(address: str) -> list[Json]:
        answer = {"answer_type": "A", "ipv4": address}
        return [{"hostname": "g.whatsapp.net", "query_type": "A", "failure": None, "answers": [answer]}]

    changes = {"failed_operation": "connect", "rung": 0, "endpoint": "31.13.94.37:443"}
    probe = record(tries(3, failure=TIMEOUT, **changes), queries=looked_up("31.13.94.37"))
    found = verdict(probe, control_record(tries(1), queries=looked_up("157.240.1.53")))
    assert (found.grade, found.mechanism) == (Grade.CONSISTENT, None)


@pytest.mark.parametrize(
    ("probe", "rule"),
    [
        (record(tries(2, failure=RESET)), "service.too_few_tries"),
        (record([attempt(failure=RESET)] * 3), "service.too_few_tries"),  # all from one source port
        (record(tries(3, failure=RESET), canaries={"home": None, "abroad": True}), "service.no_canary"),
        (record(tries(3, failure=RESET), canaries={}), "service.no_canary"),
        (record(tries(3, failure=RESET), canaries={"home": False, "abroad": False}), "vantage.no_network"),
        (record(tries(3, failure=RESET), canaries={"home": True, "abroad": False}), "vantage.nothing_abroad"),
        (
            record(tries(3, failure=RESET), canaries={"home": False, "abroad": True}),
            "vantage.home_unreachable",
        ),
        (record(tries(3, failure=RESET, unverified=True)), "vantage.unverified_fact"),
        (record([*tries(3, failure="unknown_failure: what")]), "service.unexplained"),
    ],
)
def test_weak_evidence_is_unknown(probe: Json, rule: str) -> None:
    found = verdict(probe, PASSING_CONTROL)
    assert (found.outcome, found.rules[0]) == (Outcome.UNKNOWN, rule)
    assert found.grade is None
    assert found.mechanism is None


def test_a_failure_without_a_control_is_unknown() -> None:
    found = verdict(BLOCKED_TEXT)
    assert (found.outcome, found.control_uid) == (Outcome.UNKNOWN, None)
    assert "service.no_control" in found.rules


def test_unverified_facts_lead_to_unknown_even_where_a_trial_would_prove() -> None:
    probe = record(
        [
            *tries(3, failure=RESET, unverified=True),
            *pairs([RESET] * 8, [None] * 8, unverified=True),
        ]
    )
    assert verdict(probe, PASSING_CONTROL).outcome is Outcome.UNKNOWN


def test_when_the_control_fails_too_the_service_is_down() -> None:
    found = verdict(record(tries(3, failure=TIMEOUT)), control_record(tries(3, failure=TIMEOUT)))
    assert (found.outcome, found.rules[0]) == (Outcome.DOWN, "service.control_failed_too")


def test_a_certificate_that_does_not_hold_anywhere_is_no_block() -> None:
    broken = {"failure": SSL_UNKNOWN_AUTHORITY, "failed_operation": "verify", "rung": 3}
    found = verdict(record(tries(3, "media", **broken)), control_record(tries(3, "media", **broken)))
    assert (found.outcome, found.rules[0]) == (Outcome.DOWN, "tls.certificate_invalid_in_both")


def test_a_control_without_network_is_no_witness() -> None:
    control = control_record(tries(3, failure=TIMEOUT), canaries={"home": None, "abroad": False})
    found = verdict(record(tries(3, failure=TIMEOUT)), control)
    assert (found.outcome, found.rules[0]) == (Outcome.UNKNOWN, "control.no_network")


def test_the_controls_own_measurements_are_judged_ok_or_down() -> None:
    well = control_record(tries(1))
    ill = control_record(tries(3, failure=TIMEOUT))
    offline = control_record(tries(3, failure=TIMEOUT), canaries={"home": None, "abroad": False})
    found = [judge(gather(rows(each), rows(well))[0], "reference-1") for each in (well, ill, offline)]
    assert [each.outcome for each in found] == [Outcome.OK, Outcome.DOWN, Outcome.UNKNOWN]
    assert {each.role for each in found} == {"control"}
    assert {each.control_uid for each in found} == {None}


def test_one_dead_endpoint_of_a_pool_is_no_block_unless_all_are_needed() -> None:
    probe = record([*tries(3, failure=TIMEOUT, endpoint="157.240.1.53:5222"), attempt()])
    control = control_record([attempt(endpoint="157.240.1.53:5222"), attempt()])
    found = verdict(probe, control)
    assert (found.outcome, found.fraction) == (Outcome.OK, 0.5)
    needed = verdict(probe, control, pools={"whatsapp/text": "all_of"})
    assert (needed.outcome, needed.grade, needed.fraction) == (Outcome.BLOCKED, Grade.CONSISTENT, 0.5)


def test_one_endpoint_that_half_works_is_not_ok() -> None:
    probe = record([*tries(2, failure=TIMEOUT), attempt(source_port=41000)])
    found = verdict(probe, PASSING_CONTROL)
    assert (found.outcome, found.rules[0]) == (Outcome.UNKNOWN, "service.flaky")


def test_one_lost_try_is_ok() -> None:
    found = verdict(record([attempt(failure=TIMEOUT), *tries(2)]), PASSING_CONTROL)
    assert (found.outcome, found.rules) == (Outcome.OK, ("service.authenticated",))
    assert found.because == "the server answered and proved who it is in 2 of 3 tries"


def test_an_answer_that_proves_nothing_is_not_ok() -> None:
    found = verdict(record(tries(1, rung=3, auth=None)), PASSING_CONTROL)
    assert (found.outcome, found.rules[0]) == (Outcome.UNKNOWN, "service.unproven_answer")


def test_a_bogon_that_the_control_never_saw_is_a_forged_answer() -> None:
    def looked_up(address: str) -> list[Json]:
        answer = {"answer_type": "A", "ipv4": address}
        return [{"hostname": "g.whatsapp.net", "query_type": "A", "failure": None, "answers": [answer]}]

    control = control_record(tries(1), queries=looked_up("157.240.1.53"))
    failing = tries(3, failure=TIMEOUT, failed_operation="connect", endpoint="10.1.2.3:443", rung=0)
    found = verdict(record(failing, queries=looked_up("10.1.2.3")), control)
    assert (found.grade, found.mechanism) == (Grade.PROVEN, "dns.injection.bogon")
    at_home = verdict(record(failing, queries=looked_up("0.0.0.0")), control)
    assert at_home.grade is Grade.CONSISTENT  # a filter on the device answers so too
    unsure = verdict(record(failing, queries=looked_up("0.0.0.0"), canaries={}), control)
    assert (unsure.outcome, unsure.rules[0]) == (Outcome.UNKNOWN, "dns.answered_by_filter")
    national = verdict(record(failing, queries=looked_up("10.10.34.36"), canaries={}), control)
    assert (national.grade, national.rules[0]) == (Grade.PROVEN, "dns.forged_address")


def test_functions_are_judged_apart() -> None:
    probe = record([*tries(3, "media", RESET), *tries(1, "text"), *tries(1, "web")])
    control = control_record([*tries(1, "media"), *tries(1, "text"), *tries(1, "web")])
    found = {each.function: each.outcome for each in verdicts(probe, control)}
    assert found == {"media": Outcome.BLOCKED, "text": Outcome.OK, "web": Outcome.OK}


def test_rules_have_names_of_their_own_and_only_blocked_ones_have_a_grade() -> None:
    names = [rule.name for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert (rule.grade is not None) == (rule.outcome is Outcome.BLOCKED), rule.name
        assert rule.mechanism is None or rule.outcome is Outcome.BLOCKED, rule.name

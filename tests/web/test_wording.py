"""What may be said: "blocked" only with proof, intervals as intervals, numbers with what they are out of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.web.china_2017 import AUGUST, JULY, MadeUp, at, listed, september, strips
from wallwatch.model.changepoint import Interval
from wallwatch.model.incident import Counts, Kind, State
from wallwatch.model.mechanism import NODES
from wallwatch.model.outcome import Function, Grade, Outcome
from wallwatch.web import countries, dates, mechanisms, wording

GOING_ON = september(at("09-24 02:00"))


def test_blocked_is_said_of_what_was_proven() -> None:
    assert wording.headline(listed(GOING_ON, 33)) == "WhatsApp text messages and media blocked in China"


def test_without_proof_it_is_consistent_with_blocking() -> None:
    unproven = listed(GOING_ON, 0)
    for said in (wording.headline(unproven), wording.sentence(unproven)):
        assert "consistent with blocking" in said
        assert "blocked" not in said
    assert wording.sentence(unproven).startswith(
        "WhatsApp text messages and media have been failing in China, consistent with blocking, since some"
    )


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.BLOCK])
@pytest.mark.parametrize("over", [True, False])
def test_other_kinds_are_never_called_blocked(kind: Kind, over: bool) -> None:
    one = listed(replace(JULY if over else GOING_ON, kind=kind), 5)
    assert "blocked" not in wording.headline(one)
    assert "blocked" not in wording.sentence(one)
    assert "{" not in wording.headline(one) + wording.sentence(one)


def test_an_outage_is_the_services_own() -> None:
    said = wording.sentence(listed(AUGUST, 0))
    assert said.startswith(
        "WhatsApp registration, text messages, media and web client were down in China and the"
    )
    assert "an outage of the service itself" in said
    assert "9 measurements taken meanwhile" in said
    assert wording.share(listed(AUGUST, 0)) == "9 in all"


def test_what_is_over_says_both_ends() -> None:
    assert wording.sentence(listed(JULY, 15)) == (
        "WhatsApp media were blocked in China from some time between 01:00 and 06:00 UTC on 18 July 2017"
        " until some time between 09:00 and 15:00 UTC on 1 August 2017: 15 of 15 measurements showed it,"
        " 15 of them with proof, by 3 probes in 3 networks."
    )
    assert wording.duration(JULY) == "between 14 d 3 h and 14 d 14 h"


def test_counts_that_the_input_does_not_say_are_not_invented() -> None:
    silent = replace(GOING_ON, counts=Counts(measurements=None, blocked=None, probes=None, networks=2))
    said = wording.sentence(listed(silent, 0))
    assert "the input does not say how many measurements there were" in said
    assert "an unknown number of probes in 2 networks" in said
    assert "None" not in said


def test_one_of_something_is_singular() -> None:
    one = replace(
        GOING_ON, functions=("registration",), counts=Counts(measurements=1, blocked=1, probes=1, networks=1)
    )
    said = wording.sentence(listed(one, 1))
    assert "registration has been blocked" in said
    assert "1 of 1 measurement showed it, 1 of them with proof, by 1 probe in 1 network." in said


def test_a_shutdown_has_no_service() -> None:
    shut = replace(GOING_ON, kind=Kind.SHUTDOWN, service=None, functions=())
    assert wording.headline(replace(listed(shut, 0), service_name="")) == "Internet access shut down in China"


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (("09-20 05:00", "09-20 05:00"), "at 05:00 UTC on 20 September 2017"),
        (("09-20 02:00", "09-20 05:00"), "between 02:00 and 05:00 UTC on 20 September 2017"),
        (
            ("09-19 23:00", "09-20 05:00"),
            "between 23:00 UTC on 19 September and 05:00 UTC on 20 September 2017",
        ),
    ],
)
def test_an_interval_is_said_as_one(interval: tuple[str, str], said: str) -> None:
    assert dates.between(Interval(earliest=at(interval[0]), latest=at(interval[1]))) == said


def test_an_interval_over_new_year_names_both_years() -> None:
    end = at("01-01 02:00").replace(year=2018)
    said = dates.between(Interval(earliest=at("12-31 22:00"), latest=end))
    assert said == "between 22:00 UTC on 31 December 2017 and 02:00 UTC on 1 January 2018"


def test_spans_name_their_units() -> None:
    assert [dates.span(timedelta(hours=hours)) for hours in (0, 0.5, 6, 93)] == [
        "0 min",
        "30 min",
        "6 h",
        "3 d 21 h",
    ]


def test_many_countries_are_counted() -> None:
    wide = replace(GOING_ON, cc=None, ccs=("CN", "IR", "RU", "TR"))
    assert wording.place(wide) == "4 countries"
    assert wording.place(replace(wide, ccs=("CN", "NL"))) == "China and the Netherlands"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_no_outcome_but_blocked_counts_as_blocked(outcome: Outcome) -> None:
    slot = replace(strips(at("07-14 02:00"))[0].slots[0], outcome=outcome, grade=None)
    assert wording.condition(slot) == ("consistent" if outcome is Outcome.BLOCKED else outcome.value)
    assert wording.condition(replace(slot, outcome=Outcome.BLOCKED, grade=Grade.PROVEN)) == "proven"
    assert wording.condition(replace(slot, outcome=None)) == "none"


def test_a_strip_can_be_heard() -> None:
    series = MadeUp(37).strips(None, None)
    text = next(one for one in series if one.function == "text" and one.asn == 4837)
    assert wording.strip_summary(text) == (
        "WhatsApp text messages, China Unicom (AS4837): of 37 rounds up to 24 Sep 2017, 02:00 UTC,"
        " 26 reachable, 3 blocked, 5 consistent with blocking and 3 service down; latest: blocked"
    )
    assert [(kind, number) for kind, _, _, number in wording.runs(text)] == [
        ("ok", 17),
        ("down", 3),
        ("ok", 8),
        ("consistent", 5),
        ("ok", 1),
        ("proven", 3),
    ]


def test_every_mechanism_function_and_state_has_words() -> None:
    assert set(mechanisms.CLAUSES) == NODES
    assert set(wording.FUNCTIONS) == {function.value for function in Function}
    assert set(wording.STATES) == set(State)


def test_a_finer_mechanism_than_known_borrows_its_ancestors_words() -> None:
    assert mechanisms.clause("tls.reset.sni.new") == mechanisms.CLAUSES["tls.reset.sni"]
    assert mechanisms.clause("nothing.like.it") is None


def test_countries_read_well_in_a_sentence_and_a_table() -> None:
    assert countries.in_prose("NL") == "the Netherlands"
    assert countries.as_title("NL") == "Netherlands"
    assert countries.in_prose("QQ") == "QQ"

"""From spells to incidents: what belongs together, which states it passes, which id it keeps."""

from __future__ import annotations

from msgspec import structs

from tests.detection.making import at, cells, verdicts
from wallwatch.model.incident import Incident, Kind, State, Versions
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.detect import detect
from wallwatch.pipeline.incidents import Surroundings, assemble
from wallwatch.pipeline.run import rebuild
from wallwatch.pipeline.silences import silences

OWNERS = {"whatsapp": "meta"}
VERSIONS = Versions(rules="r", detector="d", reference="x")


def conclude(rows: list[Verdict], published: list[Incident] | None = None) -> list[Incident]:
    return rebuild(rows, published or [], OWNERS, "x").incidents


def around() -> Surroundings:
    return Surroundings(verdicts={}, controls={}, owners=OWNERS, versions=VERSIONS)


def test_networks_and_functions_of_one_event_are_one_incident() -> None:
    rows = (
        verdicts("....P.PPPPP.......", asn=4134)
        + verdicts("....PPPPPPP.......", asn=4134, function="media")
        + verdicts(".......PPPP.......", asn=9808)
        + verdicts("..................", asn=4837)
    )
    (incident,) = conclude(rows)
    assert incident.kind is Kind.BLOCK
    assert incident.state is State.RESTORED
    assert incident.functions == ("media", "text")
    assert incident.asns == (4134, 9808)
    assert incident.onset.earliest <= at(4) <= incident.onset.latest
    assert incident.end is not None
    assert incident.end.earliest <= at(11) <= incident.end.latest
    assert incident.mechanisms == ("proto.drop.noise",)
    assert incident.cc == "CN"
    assert incident.owner == "meta"
    assert incident.confidence == "high"


def test_two_events_weeks_apart_are_two_incidents_and_the_second_knows_the_first() -> None:
    first, second = conclude(verdicts("....PPPPP" + "." * 40 + "PPPPP" + "." * 10))
    assert first.id != second.id
    assert [earlier.id for earlier in second.history] == [first.id]


def test_an_outage_spans_the_countries_whose_controls_saw_it() -> None:
    rows = (
        verdicts("....ddd......", asn=4134)
        + verdicts("....ddd......", asn=9808)
        + verdicts("....ddd......", asn=1136, role="control", cc="NL")
    )
    (incident,) = conclude(rows)
    assert incident.kind is Kind.OUTAGE
    assert incident.cc is None
    assert incident.ccs == ("CN", "NL")
    assert incident.mechanisms == ()


def test_a_consistent_round_in_one_network_disrupts_and_two_networks_make_it_more() -> None:
    (alone,) = assemble(detect(cells("....c.")), [], around())
    assert alone.state is State.DISRUPTED
    (two,) = assemble(detect(cells("....c") + cells("....c", asn=9808)), [], around())
    assert two.state is State.SUSPECTED
    (confirmed,) = assemble(detect(cells("....cc") + cells("....cc", asn=9808)), [], around())
    assert confirmed.state is State.CONFIRMED


def test_it_passes_its_states_in_order() -> None:
    rows = verdicts("....PPPPPP....", asn=4134) + verdicts("....PPPPPPPPPP......", asn=9808)
    (incident,) = conclude(rows)
    assert [step.state for step in incident.passages] == [
        State.SUSPECTED,
        State.CONFIRMED,
        State.EASING,
        State.RESTORED,
    ]


def test_a_network_that_falls_again_raises_it_again() -> None:
    rows = verdicts("....PPPPPP....PPPP....", asn=4134) + verdicts("....PPPPPPPPPPPPPP....", asn=9808)
    (incident,) = conclude(rows)
    assert [step.state for step in incident.passages] == [
        State.SUSPECTED,
        State.CONFIRMED,
        State.EASING,
        State.CONFIRMED,
        State.RESTORED,
    ]


def test_an_id_once_given_stays_though_late_data_moves_the_onset() -> None:
    (early,) = conclude(verdicts(".....PPP"))
    (late,) = conclude(verdicts("...P.PPPP"), [early])
    assert late.id == early.id
    assert late.onset != early.onset


def test_ids_are_not_given_twice() -> None:
    (first,) = conclude(verdicts("....PPPPP......"))
    gone = structs.replace(first)
    (other,) = conclude(verdicts("." * 40 + "PPPPP....."), [gone])
    assert other.id != first.id


def test_a_probe_that_stops_reporting_is_reported() -> None:
    rows = verdicts("..........", asn=4134) + verdicts("...   ....", asn=9808)
    (silence,) = silences(rows)
    assert (silence.probe_asn, silence.since, silence.until) == (9808, at(2), at(6))
    assert silence.missed_rounds == 3
    assert silence.noticed == at(4)


def test_a_probe_without_network_is_as_quiet_as_one_that_does_not_report() -> None:
    rows = verdicts("..........", asn=4134) + verdicts("...???....", asn=9808)
    (silence,) = silences(rows)
    assert silence.missed_rounds == 3
    assert silence.noticed == at(4)
    assert conclude(rows) == []


def test_a_single_missed_round_is_no_silence() -> None:
    assert silences(verdicts("..........", asn=4134) + verdicts("... ......", asn=9808)) == []

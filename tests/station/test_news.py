"""What is said in the log: each state once, an end, a withdrawal, a silence and its end."""

from __future__ import annotations

from datetime import timedelta

from msgspec import structs

from tests.lake.values import INCIDENT, SILENCE, START
from wallwatch.model.incident import Passage, State
from wallwatch.station.news import CONCLUDED, HEARD_AGAIN, NOTICED, WITHDRAWN, news, told_of
from wallwatch.station.news import SILENCE as QUIET


def passed(*states: State, hours: int = 0) -> tuple[Passage, ...]:
    return tuple(
        Passage(state=state, time=START + timedelta(hours=hours + index), because="seen")
        for index, state in enumerate(states)
    )


DISRUPTED = structs.replace(INCIDENT, passages=passed(State.DISRUPTED))
CONFIRMED = structs.replace(INCIDENT, passages=passed(State.DISRUPTED, State.SUSPECTED, State.CONFIRMED))


def test_each_state_is_said_once() -> None:
    first = news({}, [DISRUPTED], [], [])
    assert [(one.kind, one.state, one.incident_id) for one in first] == [
        (NOTICED, State.DISRUPTED, INCIDENT.id)
    ]
    later = news({DISRUPTED.id: DISRUPTED}, [CONFIRMED], [], [])
    assert [(one.kind, one.state) for one in later] == [
        (CONCLUDED, State.SUSPECTED),
        (CONCLUDED, State.CONFIRMED),
    ]
    assert [one.time for one in later] == [START + timedelta(hours=1), START + timedelta(hours=2)]
    assert news({CONFIRMED.id: CONFIRMED}, [CONFIRMED], [], []) == []


def test_a_passage_that_late_data_moved_is_not_said_again() -> None:
    moved = structs.replace(
        CONFIRMED, passages=passed(State.DISRUPTED, State.SUSPECTED, State.CONFIRMED, hours=-3)
    )
    assert news({CONFIRMED.id: CONFIRMED}, [moved], [], []) == []


def test_what_became_otherwise_is_said_from_there_on() -> None:
    other = structs.replace(CONFIRMED, passages=passed(State.DISRUPTED, State.RESTORED))
    assert [one.state for one in news({CONFIRMED.id: CONFIRMED}, [other], [], [])] == [State.RESTORED]


def test_a_withdrawal() -> None:
    [line] = news({CONFIRMED.id: CONFIRMED}, [], [], [])
    assert (line.kind, line.state, line.incident_id) == (WITHDRAWN, None, CONFIRMED.id)


def test_a_silence_and_its_end() -> None:
    over = structs.replace(SILENCE, until=START + timedelta(days=1))
    assert [one.kind for one in news({}, [], [], [SILENCE])] == [QUIET]
    assert [one.kind for one in news({}, [], [told_of(SILENCE)], [SILENCE])] == []
    longer = structs.replace(SILENCE, missed_rounds=9)
    assert news({}, [], [told_of(SILENCE)], [longer]) == []
    assert [one.kind for one in news({}, [], [told_of(SILENCE)], [over])] == [HEARD_AGAIN]
    assert [one.kind for one in news({}, [], [], [over])] == [QUIET, HEARD_AGAIN]
    assert news({}, [], [told_of(over)], [over]) == []

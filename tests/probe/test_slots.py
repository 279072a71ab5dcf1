"""A twin's port rests after a trigger."""

from __future__ import annotations

from wallwatch.net.seam import Endpoint
from wallwatch.probe.slots import Slots


def slots_of(*endpoints: Endpoint) -> Slots:
    slots = Slots(pace_seconds=200)
    slots.know(endpoints)
    return slots


A443, A5222, B5222 = Endpoint("192.0.2.1", 443), Endpoint("192.0.2.1", 5222), Endpoint("192.0.2.2", 5222)


def test_the_services_own_port_comes_first_and_nothing_is_given_twice() -> None:
    slots = slots_of(A443, A5222, B5222)
    assert slots.take(2, port=5222, now=0) == [A5222, B5222]
    assert slots.take(2, port=5222, now=0) == [A443]
    assert slots.take(1, port=5222, now=0) == []


def test_a_slot_rests_for_the_pace_after_a_trigger_and_only_then() -> None:
    slots = slots_of(A443, A5222)
    first, second = slots.take(2, port=443, now=10)
    slots.give_back(first, now=11, saw_trigger=True)
    slots.give_back(second, now=11, saw_trigger=False)
    assert slots.take(2, port=443, now=11) == [second]
    assert slots.next_free(now=11) == 200
    assert slots.take(1, port=443, now=210) == []
    assert slots.take(1, port=443, now=211) == [first]


def test_there_is_no_next_while_all_are_in_use() -> None:
    slots = slots_of(A443)
    slots.take(1, port=443, now=0)
    assert slots.next_free(now=0) is None
    assert slots_of().next_free(now=0) is None


def test_hearing_of_the_same_twins_again_does_not_end_their_rest() -> None:
    slots = slots_of(A443)
    slots.give_back(slots.take(1, port=443, now=0)[0], now=1, saw_trigger=True)
    slots.know([A443, A5222])
    assert slots.take(2, port=443, now=2) == [A5222]

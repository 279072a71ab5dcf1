"""Trials as two-by-two tables, and what each table says in a sentence. Counts attempts; judges nothing."""

from __future__ import annotations

from msgspec import Struct

from wallwatch.model.handshake import Address, Payload
from wallwatch.model.measurement import ROLE_CONTROL, ROLE_PROBE
from wallwatch.model.view import ArmTally, TrialTally

PAYLOADS = {
    Payload.TRIGGER: "the service’s own bytes",
    Payload.NEUTRAL: "harmless bytes of the same length",
}
ADDRESSES = {
    Address.SERVICE: "to the service’s address",
    Address.NEUTRAL: "to an address it does not run",
}
ROLES = {ROLE_PROBE: "At the probes, inside", ROLE_CONTROL: "At the control, outside"}


class Line(Struct, frozen=True, kw_only=True):
    """One row of the table: a role and a payload, with a cell for each address. None: not run."""

    role: str
    role_name: str
    payload: str
    payload_name: str
    cells: tuple[ArmTally | None, ...]


def table(tally: TrialTally) -> list[Line]:
    """Probe rows first, then control; columns in the order of ADDRESSES."""
    arms = {(arm.role, arm.payload, arm.address): arm for arm in tally.arms}
    return [
        Line(
            role=role,
            role_name=role_name,
            payload=payload.value,
            payload_name=payload_name,
            cells=tuple(arms.get((role, payload.value, address.value)) for address in ADDRESSES),
        )
        for role, role_name in ROLES.items()
        for payload, payload_name in PAYLOADS.items()
    ]


def reading(tally: TrialTally) -> str:
    """The table in words, with its numbers; says nothing of an arm that was not run."""
    arms = {(arm.role, arm.payload, arm.address): arm for arm in tally.arms}
    trigger = arms.get((ROLE_PROBE, Payload.TRIGGER, Address.NEUTRAL))
    neutral = arms.get((ROLE_PROBE, Payload.NEUTRAL, Address.NEUTRAL))
    control = arms.get((ROLE_CONTROL, Payload.TRIGGER, Address.NEUTRAL))
    if trigger is None or neutral is None:
        return "The arms towards an address the service does not run were not run: nothing follows from this."
    inside = (
        f"Sent from inside to an address the service does not run, its own bytes failed {_n_of_m(trigger)};"
        f" harmless bytes of the same length failed {_n_of_m(neutral)}."
    )
    if control is None:
        return f"{inside} The control ran no such arm."
    return f"{inside} From the control, outside, the service’s own bytes failed {_n_of_m(control)}."


def _n_of_m(arm: ArmTally) -> str:
    return f"{arm.failed} of {arm.tried} times"

"""The censors at their sites: made when a stage begins, asked about each packet, their decisions logged."""

from __future__ import annotations

import sys
import traceback

import msgspec
from msgspec import Struct

from wallwatch.lab import censor_kinds
from wallwatch.lab.censor import PASS, Action, Censor
from wallwatch.lab.router.flows import Chance
from wallwatch.lab.router.lab_clock import LabClock
from wallwatch.lab.router.routes import Route
from wallwatch.lab.router.truth import TruthLine, TruthLog, flow_of
from wallwatch.lab.scenario import Stage
from wallwatch.wire.packet import Packet

_LONGEST_TRACE = 20  # tracebacks printed; a bug repeats with every packet


class Box(Struct, frozen=True):
    """A censor at a site."""

    site: str
    kind: str
    label: bytes  # what its chance is keyed by
    censor: Censor


class Sighting(Struct, frozen=True):
    """A packet as it passes a site."""

    raw: bytes  # with the TTL it has there
    route: Route
    flow: bytes
    count: int  # its number in its flow, from 1
    now: float  # of time.monotonic()


class Boxes:
    """All sites of the lab."""

    def __init__(self, clock: LabClock, truth: TruthLog, seed: bytes, counters: dict[str, int]) -> None:
        self._clock, self._truth, self._seed, self._counters = clock, truth, seed, counters
        self._stage = ""
        self._latest = float("-inf")  # scenario seconds that a censor was told last
        self._made: dict[tuple[str, str, bytes], Box] = {}
        self._at: dict[str, list[Box]] = {}

    def set_stage(self, stage: Stage) -> None:
        """Put the stage's censors up. Those that stood there before, with the same options, keep their state.

        Raises ShapeError for options that do not fit, and then changes nothing.
        """
        made: dict[tuple[str, str, bytes], Box] = {}
        at: dict[str, list[Box]] = {}
        for entry in stage.censors:
            for site in entry.at:
                key = (site, entry.kind, msgspec.json.encode(entry.options, order="deterministic"))
                box = self._made.get(key)
                if box is None:
                    label = f"{site} {entry.kind}".encode()
                    box = Box(site, entry.kind, label, censor_kinds.make(entry.kind, entry.options))
                made[key] = box
                at.setdefault(site, []).append(box)
        for boxes in at.values():
            boxes.sort(key=lambda box: box.censor.in_path)  # a copy is seen whatever another swallows
        self._stage, self._made, self._at = stage.name, made, at

    def leap(self) -> None:
        """Scenario time jumped."""
        self._latest = float("-inf")
        for box in self._made.values():
            box.censor.leap()

    def at(self, site: str) -> list[Box]:
        """The censors that stand there now."""
        return self._at.get(site, [])

    def ask(self, box: Box, sighting: Sighting) -> Action:
        """What the censor does with the packet; on a censor's bug, nothing."""
        try:
            packet = Packet.from_bytes(sighting.raw)
        except ValueError:
            self._count("unreadable")
            return PASS
        chance = Chance(self._seed, box.label, sighting.flow, sighting.count)
        # A packet that was picked up late passes at the time it was due; to the censor time never goes back.
        self._latest = max(self._latest, self._clock.for_censors(sighting.now))
        try:
            action = box.censor.on_packet(packet, sighting.route.direction, self._latest, chance)
        except Exception:  # noqa: BLE001  the edge between the router and a plugin
            if self._count("lost.censor_error") <= _LONGEST_TRACE:
                traceback.print_exc(file=sys.stderr)
            return PASS
        if action.decision is not None:
            self._write(box, sighting, packet, action)
        if not box.censor.in_path and (not action.forward or action.delay):
            self._count("lost.censor_error")
            print(f"lab: {box.kind} is not in the path and cannot drop or hold", file=sys.stderr)
            return Action(inject=action.inject)
        return action

    def _write(self, box: Box, sighting: Sighting, packet: Packet, action: Action) -> None:
        decision = action.decision
        assert decision is not None
        self._count("decisions")
        self._truth.write(
            TruthLine(
                at=self._clock.for_records(sighting.now),
                stage=self._stage,
                site=box.site,
                kind=box.kind,
                acted=decision.acted,
                reason=decision.reason,
                mechanism=decision.mechanism,
                direction=sighting.route.direction,
                flow=flow_of(packet),
                packet=sighting.count,
                forwarded=action.forward,
                injected=len(action.inject),
                details=decision.details,
            )
        )

    def _count(self, what: str) -> int:
        self._counters[what] = self._counters.get(what, 0) + 1
        return self._counters[what]

"""What happens to a packet on its way: delay, loss, rate, hops that count its TTL down, censors, delivery.

A packet flies along a `Route`. Its next stop (a censor, the hop where its TTL runs out, the receiver) is put
on the schedule with the time at which it gets there, so that everybody sees packets in the order of time.
"""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable
from typing import Any

from wallwatch.lab.censor import Action
from wallwatch.lab.router.boxes import Boxes, Sighting
from wallwatch.lab.router.flows import draws, flow_key
from wallwatch.lab.router.ring import Cable, ip_packet
from wallwatch.lab.router.routes import Route, Routes
from wallwatch.wire.packet import Packet, build_icmp_time_exceeded, with_ttl

_NEVER = float("inf")
_LONGEST_TRACE = 20
_MOST_FLOWS = 1 << 18
_ICMP_QUERIES = {1: (8, 0, 13), 58: (128, 129)}  # ICMP errors are not answered with errors (RFC 1122)

Push = Callable[[float, Callable[..., None], tuple[Any, ...]], None]
Capture = Callable[[float, bytes], None]


class Flight:
    """A packet on its way."""

    __slots__ = ("base", "count", "entered", "flow", "lost_at", "packet", "route", "ttl")

    def __init__(self, packet: bytes, route: Route, entered: float) -> None:
        self.packet = packet
        self.route = route
        self.entered = entered  # when it was, or would have been, at position 0
        self.ttl = packet[8] if packet[0] >> 4 == 4 else packet[7]
        self.base = 1  # the first position that counts the TTL down
        self.lost_at = _NEVER  # a position, between two hops
        self.flow = b""
        self.count = 0

    def ttl_at(self, position: int) -> int:
        """As it arrives there."""
        return self.ttl + self.base - position

    def raw_at(self, position: int) -> bytes:
        """The packet as it arrives there."""
        ttl = self.ttl_at(position)
        return self.packet if ttl == self.ttl else with_ttl(self.packet, ttl)

    def time_at(self, position: int) -> float:
        """When it arrives there."""
        return self.entered + self.route.seconds_to(position)


class Forwarder:
    """All cables, all routes, all packets."""

    def __init__(self, cables: list[Cable], routes: Routes, boxes: Boxes, seed: bytes, push: Push) -> None:
        self._cables, self._routes, self._boxes, self._seed, self._push = cables, routes, boxes, seed, push
        self.counters: dict[str, int] = {}
        self.offline: set[int] = set()  # hosts, by number
        self.capture: Capture | None = None
        self._flows: dict[bytes, int] = {}

    def forget_flows(self) -> None:
        """Count every flow's packets from 1 again."""
        self._flows.clear()

    def place_censors(self) -> None:
        """After the boxes have changed: note in every route where it must stop for one."""
        for route in self._routes.all():
            route.stops = tuple(sorted({place for place, site in route.sites if self._boxes.at(site)}))

    def arrive(self, sender: int, came: float, frame: bytes) -> None:
        """A frame from a host's cable. Never raises."""
        try:
            self._enter(sender, came, frame)
        except Exception:  # noqa: BLE001  no packet may stop the router
            self._confess()

    def run(self, step: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        """One entry of the schedule. Never raises."""
        try:
            step(*arguments)
        except Exception:  # noqa: BLE001  no packet may stop the router
            self._confess()

    def count(self, what: str) -> int:
        """One more of these."""
        number = self.counters[what] = self.counters.get(what, 0) + 1
        return number

    def _confess(self) -> None:
        """A bug of ours, and a packet lost to it: say so, and carry on with the others."""
        if self.count("lost.error") <= _LONGEST_TRACE:
            traceback.print_exc(file=sys.stderr)

    def _enter(self, sender: int, came: float, frame: bytes) -> None:
        packet = ip_packet(frame)
        if packet is None:
            self.count("dropped.not_ip")
            return
        if self.capture is not None:
            self.capture(came, frame)
        self.count("received")
        receiver = self._routes.owner(packet[16:20] if packet[0] >> 4 == 4 else packet[24:40])
        if receiver is None or receiver == sender:
            self.count("dropped.no_route")
        elif sender in self.offline or receiver in self.offline:
            self.count("dropped.offline")
        elif _is_cut(packet):
            self.count("lost.truncated")
        else:
            self._take_off(packet, self._routes.between(sender, receiver), came)

    def _take_off(self, packet: bytes, route: Route, came: float) -> None:
        entered = came
        if route.queue is not None:
            left = route.queue.admit(came, len(packet))
            if left is None:
                self.count("dropped.queue")
                return
            entered = left
        flight = Flight(packet, route, entered)
        if route.stops or route.loss:
            self._number(flight)
        if route.loss:
            chance, place = draws(self._seed, b"loss", flight.flow, flight.count)
            if chance < route.loss:
                flight.lost_at = place * (route.hops + 1)
        self._fly(flight, 0)

    def _number(self, flight: Flight) -> None:
        if len(self._flows) >= _MOST_FLOWS:  # a lab that ran for days without a leap
            self._flows.clear()
        flight.flow = flow_key(flight.packet)
        flight.count = self._flows[flight.flow] = self._flows.get(flight.flow, 0) + 1

    def _fly(self, flight: Flight, after: int) -> None:
        """Schedule the next thing that happens to it beyond that position."""
        route = flight.route
        expires = max(flight.ttl + flight.base - 1, flight.base)
        end = min(expires, flight.lost_at)
        stop = route.next_stop(after)
        if stop <= min(end, route.hops):
            self._push(flight.time_at(stop), self._pass_site, (flight, stop))
        elif end > route.hops and flight.lost_at > route.hops + 1:
            self._push(flight.time_at(route.hops + 1), self._deliver, (flight,))
        elif expires < flight.lost_at:
            self._push(flight.time_at(expires), self._expire, (flight, expires))
        else:
            self.count("dropped.loss")

    def _pass_site(self, flight: Flight, position: int) -> None:
        raw = flight.raw_at(position)
        if not flight.flow:
            self._number(flight)
        sighting = Sighting(raw, flight.route, flight.flow, flight.count, flight.time_at(position))
        for place, site in flight.route.sites:
            if place != position:
                continue
            for box in self._boxes.at(site):
                action = self._boxes.ask(box, sighting)
                if action.inject:
                    self._inject(action, flight, position)
                if not action.forward:
                    self.count("dropped.censor")
                    return
                flight.entered += action.delay
        self._fly(flight, position)

    def _inject(self, action: Action, flight: Flight, position: int) -> None:
        now = flight.time_at(position)
        for injection in action.inject:
            self.count("injected")
            towards_receiver = (injection.towards == "server") == flight.route.is_outbound
            self._send_from(injection.packet, flight.route, position, towards_receiver, now + injection.delay)

    def _send_from(self, packet: bytes, route: Route, position: int, onwards: bool, now: float) -> None:
        """A router's or censor's own packet, from the middle of a route to one of its ends."""
        if not onwards:
            route = self._routes.between(route.receiver, route.sender)
            position = route.hops + 1 - position
        flight = Flight(packet, route, now - route.seconds_to(position))
        flight.base = position
        self._fly(flight, position)

    def _expire(self, flight: Flight, position: int) -> None:
        self.count("dropped.ttl")
        version = flight.packet[0] >> 4
        addresses = flight.route.hop_addresses[version]
        raw = with_ttl(flight.packet, 1)
        if not addresses or not _may_be_answered(raw):
            return
        self.count("time_exceeded")
        answer = build_icmp_time_exceeded(raw, addresses[position - 1])
        self._answer(answer, flight.route, position, flight.time_at(position))

    def _answer(self, packet: bytes, route: Route, position: int, now: float) -> None:
        """A router's answer leaves it with its whole TTL, so the next router is the first to count."""
        back = self._routes.between(route.receiver, route.sender)
        place = back.hops + 1 - position
        flight = Flight(packet, back, now - back.seconds_to(place))
        flight.base = place + 1
        self._fly(flight, place)

    def _deliver(self, flight: Flight) -> None:
        receiver = flight.route.receiver
        if receiver in self.offline:
            self.count("dropped.offline")
            return
        packet = flight.raw_at(flight.route.hops + 1)
        cable = self._cables[receiver]
        if self.capture is not None:
            self.capture(flight.time_at(flight.route.hops + 1), cable.frame(packet))
        try:
            cable.send(packet)
        except OSError as error:
            self.count("lost.send")
            self.count(f"lost.send.{errno.errorcode.get(error.errno or 0, 'other')}")
            return
        self.count("delivered")


def _is_cut(packet: bytes) -> bool:
    """The ring keeps what fits a frame; longer ones come from a host that turned its offloads on."""
    if packet[0] >> 4 == 4:
        return len(packet) < int.from_bytes(packet[2:4], "big")
    return len(packet) < 40 + int.from_bytes(packet[4:6], "big")


def _may_be_answered(raw: bytes) -> bool:
    """No ICMP errors about ICMP errors, later fragments (RFC 1122 section 3.2.2) or broken packets."""
    try:
        packet = Packet.from_bytes(raw)
    except ValueError:
        return False
    if packet.fragment_offset:
        return False
    queries = _ICMP_QUERIES.get(packet.protocol)
    return queries is None or packet.icmp_type in queries

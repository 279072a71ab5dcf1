"""From the scenario's paths to the route between any two hosts, in one direction each."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from wallwatch.lab.censor import Direction
from wallwatch.lab.scenario import Host, Path, Scenario

_LOCAL = Path(between=("", ""), delay_ms=0.5)  # inside one network, where the scenario says nothing
_REST = Path(between=("", ""), delay_ms=10.0)  # between networks, likewise


class Queue:
    """A path's capacity in one direction: a queue of bounded length before a link of that rate."""

    def __init__(self, rate_kbps: float, longest_ms: float) -> None:
        self._seconds_per_byte = 8.0 / (rate_kbps * 1000.0)
        self._longest = longest_ms / 1000.0
        self._free_at = 0.0

    def admit(self, arrived: float, size: int) -> float | None:
        """When the packet has left the queue; None if it does not fit in."""
        begins = max(arrived, self._free_at)
        if begins - arrived > self._longest:
            return None
        self._free_at = begins + size * self._seconds_per_byte
        return self._free_at


class Route:
    """The way from one host to another. Positions: 0 the sender, 1 ... `hops` routers, then the receiver."""

    def __init__(self, path: Path, sender: int, receiver: int, is_outbound: bool) -> None:
        self.sender, self.receiver = sender, receiver
        self.hops = len(path.hops)
        self.delay = path.delay_ms / 1000.0
        self.loss = path.loss
        self.queue: Queue | None = None
        self.direction: Direction = "outbound" if is_outbound else "inbound"
        self.is_outbound = is_outbound
        order = slice(None) if is_outbound else slice(None, None, -1)
        self.hop_addresses = {4: path.hops[order], 6: path.hops6[order]}
        self.sites = [(self._position(site.hop), site.name) for site in path.sites]
        self.stops: tuple[int, ...] = ()  # positions where a censor stands now, in order
        self._step = self.delay / (self.hops + 1)

    def _position(self, hop: int) -> int:
        return hop if self.is_outbound else self.hops + 1 - hop

    def seconds_to(self, position: int) -> float:
        """From the sender to a position."""
        return self._step * position

    def next_stop(self, after: int) -> int:
        """The next position with a censor, or one beyond the receiver's."""
        for position in self.stops:
            if position > after:
                return position
        return self.hops + 2


class Routes:
    """All routes of a scenario, and whose address is whose. Hosts are numbered as the scenario lists them."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._paths = _paths_by_ends(scenario)
        self._routes: dict[tuple[int, int], Route] = {}
        self._queues: dict[tuple[int, bool], Queue] = {}
        self._owners: dict[bytes, int | None] = {
            ip_address(address).packed: number
            for number, host in enumerate(scenario.hosts)
            for address in host.addresses
        }
        prefixes = [
            (ip_network(prefix), number)
            for number, host in enumerate(scenario.hosts)
            for prefix in host.prefixes
        ]
        self._prefixes = sorted(prefixes, key=lambda entry: -entry[0].prefixlen)

    def owner(self, address: bytes) -> int | None:
        """The number of the host that answers for a packed address; None if nobody does."""
        try:
            return self._owners[address]
        except KeyError:
            found = self._search(address)
            if len(self._owners) < 1 << 16:
                self._owners[address] = found
            return found

    def _search(self, address: bytes) -> int | None:
        literal = ip_address(address)
        for network, number in self._prefixes:
            if literal in network:
                return number
        return None

    def between(self, sender: int, receiver: int) -> Route:
        """The route from one host to another; the same object each time."""
        route = self._routes.get((sender, receiver))
        if route is None:
            route = self._routes[sender, receiver] = self._make(sender, receiver)
        return route

    def all(self) -> list[Route]:
        """Between every two hosts; a host reaches itself without us."""
        count = len(self._scenario.hosts)
        return [self.between(one, other) for one in range(count) for other in range(count) if one != other]

    def _make(self, sender: int, receiver: int) -> Route:
        hosts = self._scenario.hosts
        path, is_outbound = self._find(hosts[sender], hosts[receiver])
        route = Route(path, sender, receiver, is_outbound)
        if path.rate_kbps:
            key = (id(path), is_outbound)
            if key not in self._queues:
                self._queues[key] = Queue(path.rate_kbps, path.queue_ms)
            route.queue = self._queues[key]
        return route

    def _find(self, sender: Host, receiver: Host) -> tuple[Path, bool]:
        """The most exact path, and whether we walk it in the direction in which it is written."""
        here, there = self._places(sender), self._places(receiver)
        for distance in range(3):  # how many of the two ends are regions
            for one in range(2):
                other = distance - one
                if other not in (0, 1):
                    continue
                if (here[one], there[other]) in self._paths:
                    path = self._paths[here[one], there[other]]
                    return path, path.between[0] != path.between[1] or sender.name < receiver.name
                if (there[other], here[one]) in self._paths:
                    return self._paths[there[other], here[one]], False
        return (_LOCAL if sender.network == receiver.network else _REST), True

    def _places(self, host: Host) -> tuple[str, str]:
        network = self._scenario.network(host.network)
        return network.name, network.region


def _paths_by_ends(scenario: Scenario) -> dict[tuple[str, str], Path]:
    return {path.between: path for path in scenario.paths}

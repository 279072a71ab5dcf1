"""Read scenario files: TOML into the types of `lab/scenario.py`; errors name the key and the cure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from itertools import pairwise
from pathlib import Path

from wallwatch import plugins
from wallwatch.lab import censor_kinds
from wallwatch.lab.scenario import Scenario
from wallwatch.lab.strict import ShapeError, decode, did_you_mean

SERVICES = "wallwatch.lab.services"
FOLDER = Path(__file__).parent / "scenarios"


class ScenarioError(ValueError):
    """A scenario file that cannot be used; the message says where and why, for the person who wrote it."""


def names() -> list[str]:
    """The scenarios that come with wallwatch, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_named(name: str) -> Scenario:
    """One of `names()`. Raises KeyError for another, ScenarioError for a broken file."""
    if name not in names():
        raise KeyError(name)
    return load(FOLDER / f"{name}.toml")


def load(path: Path) -> Scenario:
    """Read and check a file. Raises OSError, or ScenarioError."""
    return parse(path.read_bytes(), str(path))


def parse(data: bytes, origin: str = "scenario") -> Scenario:
    """Decode and check. Raises ScenarioError; `origin` (the file's name) opens its message."""
    try:
        scenario = decode(tomllib.loads(data.decode()), Scenario)
        for problem in _problems(scenario):
            raise ScenarioError(f"{origin}: {problem}")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, ShapeError) as error:
        raise ScenarioError(f"{origin}: {error}") from error
    return scenario


def _problems(scenario: Scenario) -> Iterable[str]:
    yield from _doubles(scenario)
    yield from _references(scenario)
    yield from _censors(scenario)
    yield from _addresses(scenario)
    yield from _hops(scenario)
    yield from _times(scenario)


def _doubles(scenario: Scenario) -> Iterable[str]:
    for what, names_of in (
        ("network", [network.name for network in scenario.networks]),
        ("host", [host.name for host in scenario.hosts]),
        ("stage", [stage.name for stage in scenario.stages]),
    ):
        seen: set[str] = set()
        for name in names_of:
            if name in seen:
                yield f"two {what}s are named {name!r}"
            seen.add(name)


def _references(scenario: Scenario) -> Iterable[str]:
    hosts = {host.name for host in scenario.hosts}
    wanted = [*_wanted_by_hosts(scenario), *_wanted_by_paths(scenario), *_wanted_by_stages(scenario)]
    wanted += [("quiet", "host", quiet.host, hosts) for quiet in scenario.quiet]
    for where, what, name, known in wanted:
        if name not in known:
            yield f"{where}: there is no {what} {name!r}{did_you_mean(name, known)}"


_Wanted = tuple[str, str, str, set[str]]  # where it stands, what it should be, its name, what there is


def _wanted_by_hosts(scenario: Scenario) -> Iterable[_Wanted]:
    networks = {network.name for network in scenario.networks}
    hosts = {host.name for host in scenario.hosts}
    services = set(plugins.names(SERVICES))
    for host in scenario.hosts:
        where = f"host {host.name!r}"
        yield where, "network", host.network, networks
        if host.resolver is not None:
            yield where, "resolver", host.resolver, hosts
        for service in host.services:
            yield where, "service", service, services


def _wanted_by_paths(scenario: Scenario) -> Iterable[_Wanted]:
    places = {place for network in scenario.networks for place in (network.name, network.region)}
    for path in scenario.paths:
        for end in path.between:
            yield f"path {list(path.between)}", "network or region", end, places


def _wanted_by_stages(scenario: Scenario) -> Iterable[_Wanted]:
    hosts = {host.name for host in scenario.hosts}
    sites = set(scenario.site_names())
    served = {service for host in scenario.hosts for service in host.services}
    served |= {f"{service}@{host.name}" for host in scenario.hosts for service in host.services}
    for stage in scenario.stages:
        where = f"stage {stage.name!r}"
        yield from ((where, "site", site, sites) for censor in stage.censors for site in censor.at)
        yield from ((where, "host", host, hosts) for host in stage.offline)
        yield from ((where, "service in this lab", mode, served) for mode in stage.modes)


def _censors(scenario: Scenario) -> Iterable[str]:
    for stage in scenario.stages:
        for censor in stage.censors:
            try:
                censor_kinds.make(censor.kind, censor.options)
            except ShapeError as error:
                yield f"stage {stage.name!r}: {error}"


def _addresses(scenario: Scenario) -> Iterable[str]:
    owner: dict[str, str] = {}
    for host in scenario.hosts:
        try:
            addresses = [ip_address(address) for address in host.addresses]
            for prefix in host.prefixes:
                ip_network(prefix)
        except ValueError as error:
            yield f"host {host.name!r}: {error}"
            continue
        if not addresses or len({address.version for address in addresses}) < len(addresses):
            yield f"host {host.name!r}: give one v4 address, one v6 address or both (more go under prefixes)"
        for text in host.addresses:
            if text in owner:
                yield f"host {host.name!r}: {text} belongs to {owner[text]!r} already"
            owner[text] = host.name


def _hops(scenario: Scenario) -> Iterable[str]:
    for path in scenario.paths:
        where = f"path {list(path.between)}"
        for family, hops in ((4, path.hops), (6, path.hops6)):
            for hop in hops:
                try:
                    if ip_address(hop).version != family:
                        yield f"{where}: {hop} is no v{family} address"
                except ValueError as error:
                    yield f"{where}: {error}"
        if path.hops6 and len(path.hops6) != len(path.hops):
            yield f"{where}: hops6 must name as many routers as hops ({len(path.hops)})"
        for site in path.sites:
            if not 1 <= site.hop <= len(path.hops):
                yield f"{where}: site {site.name!r} is at hop {site.hop} of {len(path.hops)}"
        if path.delay_ms < 0 or not 0 <= path.loss <= 1 or path.rate_kbps < 0:
            yield f"{where}: delay_ms and rate_kbps are not negative, loss is between 0 and 1"


def _times(scenario: Scenario) -> Iterable[str]:
    instants = {
        "stages": [stage.since for stage in scenario.stages],
        "rounds": scenario.rounds,
        "truth": [truth.onset for truth in scenario.truth] + [t.end for t in scenario.truth if t.end],
        "quiet": [instant for quiet in scenario.quiet for instant in (quiet.since, quiet.until)],
    }
    for what, times in instants.items():
        if any(time.tzinfo is None for time in times):
            yield f"{what}: write times with their zone, as 2017-07-18T00:00:00Z"
            return
    for what in ("stages", "rounds"):
        times = instants[what]
        if any(later <= earlier for earlier, later in pairwise(times)):
            yield f"{what}: must be in order of time, each instant once"
    if scenario.time.scale <= 0:
        yield "time.scale: must be above 0"

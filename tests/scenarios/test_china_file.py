"""The file china-whatsapp-2017: that it is what the issue asks for, before any packet is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from wallwatch import plugins
from wallwatch.catalog import load
from wallwatch.lab.program_settings import knows_name, twins
from wallwatch.lab.scenario import Scenario, Stage
from wallwatch.lab.scenario_file import load_named
from wallwatch.model.incident import Kind
from wallwatch.model.mechanism import LEAVES

SITES = {"border-4134", "border-4837", "border-9808"}
ALL_FUNCTIONS = {"registration", "text", "media", "web"}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_named("china-whatsapp-2017")


def rounds_on(scenario: Scenario, day: date) -> int:
    return sum(1 for instant in scenario.rounds if instant.date() == day)


def blocked_sites(stage: Stage, kind: str) -> set[str]:
    return {site for censor in stage.censors if censor.kind == kind for site in censor.at}


def stage(scenario: Scenario, month: int, day: int, hour: int = 12) -> Stage:
    return scenario.stage_at(datetime(2017, month, day, hour, tzinfo=UTC))


def test_there_are_three_chinese_networks_with_a_probe_and_a_resolver_each(scenario: Scenario) -> None:
    assert len(scenario.hosts) == 12
    for role in ("probe", "resolver"):
        hosts = [host for host in scenario.hosts if host.role == role]
        assert {scenario.network(host.network).asn for host in hosts} == {4134, 4837, 9808}
    for probe in (host for host in scenario.hosts if host.role == "probe"):
        assert probe.resolver is not None
        assert scenario.host(probe.resolver).network == probe.network


def test_control_twin_and_services_are_in_different_networks(scenario: Scenario) -> None:
    roles = ("control", "twin", "station")
    networks = [host.network for host in scenario.hosts if host.role in roles]
    assert len(set(networks)) == 3
    assert all(scenario.network(network).cc != "CN" for network in networks)
    service_networks = {host.network for host in scenario.hosts if host.role == "server"}
    assert service_networks.isdisjoint(networks)


def test_every_host_speaks_both_families(scenario: Scenario) -> None:
    for host in scenario.hosts:
        assert {":" in address for address in host.addresses} == {True, False}, host.name


def test_censors_stand_in_the_middle_of_every_way_out_of_the_probes_networks(scenario: Scenario) -> None:
    assert set(scenario.site_names()) == SITES
    for path in scenario.paths:
        for site in path.sites:
            assert 2 < site.hop < len(path.hops) - 1
            assert path.between[1] == "abroad"
            assert path.delay_ms >= 30.0, "injected packets need a round trip of 60 ms to win their races"


def test_there_are_45_to_50_rounds_each_in_its_own_hour(scenario: Scenario) -> None:
    assert 45 <= len(scenario.rounds) <= 50
    assert len({(instant.date(), instant.hour) for instant in scenario.rounds}) == len(scenario.rounds)


@pytest.mark.parametrize("day", range(18, 28))
def test_there_are_two_rounds_a_day_from_18_to_27_september(scenario: Scenario, day: int) -> None:
    assert rounds_on(scenario, date(2017, 9, day)) >= 2


def test_every_change_has_rounds_within_hours_before_and_after(scenario: Scenario) -> None:
    for before, after in pairwise(scenario.stages):
        change = after.since
        last = max(instant for instant in scenario.rounds if instant < change)
        first = min(instant for instant in scenario.rounds if instant >= change)
        assert change - last <= timedelta(hours=4), after.name
        assert first - change <= timedelta(hours=4), after.name
        assert (before.censors, before.modes, before.offline) != (after.censors, after.modes, after.offline)


def test_every_stage_has_rounds(scenario: Scenario) -> None:
    assert {scenario.stage_at(instant).name for instant in scenario.rounds} == {
        stage.name for stage in scenario.stages
    }


def test_quiet_rounds_after_the_end_establish_it(scenario: Scenario) -> None:
    last = scenario.stages[-1]
    assert (last.censors, last.modes, last.offline) == ([], {}, [])
    assert sum(1 for instant in scenario.rounds if instant >= last.since) >= 4


def test_july_is_media_alone_by_server_name_everywhere(scenario: Scenario) -> None:
    july = stage(scenario, 7, 20)
    assert blocked_sites(july, "tls_sni_reset") == SITES
    assert blocked_sites(july, "first_bytes_drop") == set()
    assert stage(scenario, 8, 2).censors == []


def test_august_is_an_outage_and_on_another_day_a_probe_offline(scenario: Scenario) -> None:
    outage, offline = stage(scenario, 8, 15), stage(scenario, 8, 9)
    assert outage.modes
    assert outage.offline == []
    assert offline.offline == ["probe-9808"]
    assert offline.modes == {}


def test_september_begins_on_wednesday_now_and_then_and_is_everywhere_from_the_23rd(
    scenario: Scenario,
) -> None:
    for day in (20, 21, 22):
        now_and_then = stage(scenario, 9, day)
        assert blocked_sites(now_and_then, "first_bytes_drop") == {"border-4134", "border-4837"}
        (text,) = (c for c in now_and_then.censors if c.kind == "first_bytes_drop")
        assert text.options["probability"] == 0.5
    for day in (23, 24, 25):
        always = stage(scenario, 9, day)
        assert blocked_sites(always, "first_bytes_drop") == SITES
        assert blocked_sites(always, "tls_sni_reset") == SITES
        (text,) = (c for c in always.censors if c.kind == "first_bytes_drop")
        assert text.options.get("probability", 1.0) == 1.0
    partly = stage(scenario, 9, 27)
    assert blocked_sites(partly, "tls_sni_reset") == SITES
    assert 1 <= len(SITES - blocked_sites(partly, "first_bytes_drop")) <= 2
    assert stage(scenario, 9, 30).censors == []


def test_censors_options_are_of_their_kinds(scenario: Scenario) -> None:
    kinds = plugins.discover("wallwatch.lab.censors", "CENSOR")
    for one in scenario.stages:
        for censor in one.censors:
            kind = kinds[censor.kind]
            kind.make(msgspec.convert(censor.options, kind.options))


def test_the_truth_follows_from_the_timeline(scenario: Scenario) -> None:
    changes = {one.since for one in scenario.stages}
    for truth in scenario.truth:
        assert {truth.onset, truth.end} <= changes
        assert truth.kind in list(Kind)
        assert (truth.mechanism in LEAVES) == (truth.kind == Kind.BLOCK)
        assert not set(truth.functions) - ALL_FUNCTIONS
    spans = {(truth.kind, truth.onset.month) for truth in scenario.truth}
    assert spans == {("block", 7), ("outage", 8), ("block", 9)}
    assert [(quiet.host, quiet.until - quiet.since) for quiet in scenario.quiet] == [
        ("probe-9808", timedelta(days=1))
    ]


def test_the_silence_is_longer_than_a_hiccup(scenario: Scenario) -> None:
    (quiet,) = scenario.quiet
    missed = [instant for instant in scenario.rounds if quiet.since <= instant < quiet.until]
    assert len(missed) >= 2


def test_the_lab_knows_every_name_of_the_services_and_canaries(scenario: Scenario) -> None:
    catalogue = load()
    for service in ("whatsapp", "weibo"):
        for entry in catalogue.service(service).functions.values():
            for endpoint in entry.endpoints:
                assert knows_name(scenario, endpoint.host), endpoint.host
    for canary in (catalogue.canaries("CN").home, catalogue.canaries("CN").abroad):
        assert canary is not None
        assert knows_name(scenario, canary.host)


def test_functions_have_addresses_of_their_own(scenario: Scenario) -> None:
    zone = scenario.host("resolver-4134").services["resolver"]["zone"]
    addresses = [address for listed in zone.values() for address in listed]
    assert len(addresses) == len(set(addresses)), "a residual block of one function would hit another"
    for resolver in ("resolver-4837", "resolver-9808", "station"):
        assert scenario.host(resolver).services["resolver"]["zone"] == zone


def test_there_are_enough_neutral_endpoints_for_a_whole_trial(scenario: Scenario) -> None:
    assert len(twins(scenario)) >= 48, "24 pairs, both arms, each on a fresh address"


def test_the_source_says_what_is_on_record_and_what_is_not(scenario: Scenario) -> None:
    for word in ("On record", "Hypothesis", "Invented"):
        assert word in scenario.source

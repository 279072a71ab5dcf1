"""The 80 real files of ../shared/data/ooni-raw: each is decoded or refused, none is called blocked wrongly.

Counts are of the files as they lie there; they are not committed (licence), so this test skips without them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import SHARED
from wallwatch.model.measurement import Measurement
from wallwatch.model.observation import Observation
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.evidence import gather
from wallwatch.pipeline.judge import judge
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.observe import observe
from wallwatch.pipeline.summary import sum_up
from wallwatch.pipeline.unreadable import Unreadable
from wallwatch.pipeline.unwrap import Raw, documents, unwrap

pytestmark = pytest.mark.real_data

FOLDER = SHARED / "data" / "ooni-raw"
FILES = 80
# One file is JSONL with two measurements; the whole folder decodes, nothing is refused.
BY_NETTEST = {
    "browser_web": 2,
    "dash": 2,
    "dns_consistency": 1,
    "dummy": 1,
    "facebook_messenger": 2,
    "http_header_field_manipulation": 5,
    "http_invalid_request_line": 4,
    "http_requests": 3,
    "meek_fronted_requests_test": 3,
    "ndt": 2,
    "openvpn": 1,
    "psiphon": 2,
    "riseupvpn": 1,
    "signal": 5,
    "telegram": 3,
    "tor": 4,
    "torsf": 3,
    "urlgetter": 2,
    "vanilla_tor": 2,
    "web_connectivity": 30,
    "whatsapp": 3,
}


@pytest.fixture(scope="module")
def measurements() -> list[Measurement]:
    files = sorted(FOLDER.iterdir())
    assert len(files) == FILES
    return [measurement for path in files for measurement in all_in(path)]


def all_in(path: Path) -> list[Measurement]:
    refused: list[Unreadable] = []
    found: list[Measurement] = []
    for document in documents(path.read_bytes()):
        try:
            inside = unwrap(document)
        except Unreadable as reason:
            refused.append(reason)
            continue
        found += [decode(each.body, each.uid) for each in inside if isinstance(each, Raw)]
    assert found, f"{path.name}: {refused}"
    return found


def judged(measurement: Measurement) -> list[Verdict]:
    return [judge(evidence, "reference-1") for evidence in gather(observe(measurement), [])]


def one(measurements: list[Measurement], uid_ending: str) -> list[Verdict]:
    (found,) = [each for each in measurements if each.measurement_uid.endswith(uid_ending)]
    return judged(found)


def test_every_file_is_read(measurements: list[Measurement]) -> None:
    assert Counter(each.test_name for each in measurements) == BY_NETTEST
    assert len(measurements) == 81
    assert len({each.measurement_uid for each in measurements}) == 81


def test_a_body_taken_out_gives_the_same_measurement_again(measurements: list[Measurement]) -> None:
    again = [
        decode(inner.body, inner.uid or outer.uid)
        for path in sorted(FOLDER.iterdir())
        for document in documents(path.read_bytes())
        for outer in unwrap(document)
        for inner in unwrap(outer.body)
    ]
    assert again == measurements


def test_the_four_nettests_of_the_issue_have_observations_with_targets(
    measurements: list[Measurement],
) -> None:
    rows: Counter[str] = Counter()
    for measurement in measurements:
        found: list[Observation] = observe(measurement)
        rows[measurement.test_name] += sum(row.target is not None for row in found)
    # the exact numbers change with every observer; what must not happen is that a nettest falls silent
    assert rows["whatsapp"] > 150
    assert rows["telegram"] > 60
    assert rows["signal"] > 90
    assert rows["web_connectivity"] > 300


def test_nothing_is_called_blocked_but_the_two_forged_answers(measurements: list[Measurement]) -> None:
    blocked = [found for each in measurements for found in judged(each) if found.outcome is Outcome.BLOCKED]
    assert sorted((found.probe_cc, found.target or "", found.mechanism or "") for found in blocked) == [
        ("IR", "web/fa.wikipedia.org", "dns.injection.bogon"),
        ("IR", "web/www.facebook.com", "dns.injection.bogon"),
    ]
    assert {found.grade for found in blocked} == {Grade.PROVEN}


def test_every_measurement_has_a_verdict(measurements: list[Measurement]) -> None:
    lines = sum_up(found for each in measurements for found in judged(each))
    assert len(lines) == len(measurements)
    assert Counter(line.outcome for line in lines) == {
        Outcome.BLOCKED: 2,
        Outcome.DOWN: 5,
        Outcome.UNKNOWN: 62,
        Outcome.OK: 12,
    }


@pytest.mark.parametrize(
    ("uid_ending", "expected"),
    [
        ("_JP_whatsapp_e3e891f975f0d5ef", {"unknown"}),  # a filter on the device
        ("_US_whatsapp_cb48f652956e71e0", {"ok", "unknown"}),  # chat endpoints were connected to only
        ("_BR_signal_390dca674022005a", {"ok"}),
        ("_US_telegram_b2b51fffce62b986", {"ok", "unknown"}),
        ("_RU_telegram_ecbc73cacd8ea566", {"unknown"}),  # no control: neither blocked nor ok
        ("_IR_signal_ed269d082953bf2e", {"ok", "unknown"}),  # blocked by name, and no control to show it
    ],
)
def test_known_cases(measurements: list[Measurement], uid_ending: str, expected: set[str]) -> None:
    assert {found.outcome.value for found in one(measurements, uid_ending)} == expected


def test_a_connect_is_never_ok(measurements: list[Measurement]) -> None:
    for measurement in measurements:
        for found in judged(measurement):
            if found.target in ("whatsapp/endpoints", "telegram/dc_pool"):
                assert found.outcome is Outcome.UNKNOWN

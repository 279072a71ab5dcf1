"""The pages as a browser and a screen reader get them: well formed, escaped, each number with its whole."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from fastapi import FastAPI
from msgspec.structs import replace

from tests.web.asking import Page, ask
from tests.web.china_2017 import ROUNDS, WITNESS, MadeUp, at
from wallwatch.model.view import Dossier, Facts, Listed, Note, Strip, VantageReport, Witness
from wallwatch.web.app import create_app

SEPTEMBER = "/incidents/CN-whatsapp-block-2017-2"
PAGES = (
    "/",
    "/incidents",
    SEPTEMBER,
    "/incidents/CN-whatsapp-block-2017-1",
    "/incidents/XX-whatsapp-outage-2017-1",
    f"/measurements/{WITNESS.measurement_uid}",
    "/vantages",
    "/log",
    "/about",
)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def app() -> FastAPI:
    """The station after the last round."""
    return create_app(MadeUp())


def in_the_middle() -> FastAPI:
    """On 24 September, with the block confirmed and going on."""
    return create_app(MadeUp(ROUNDS.index(at("09-24 02:00")) + 1))


@pytest.mark.parametrize("path", [*PAGES, "/no/such/page"])
@pytest.mark.parametrize("rounds", [len(ROUNDS), 37])
def test_is_well_formed_and_has_its_landmarks(path: str, rounds: int) -> None:
    answer = ask(create_app(MadeUp(rounds)), path)
    page = Page(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert [element.attributes["lang"] for element in page.all("html")] == ["en"]
    assert [len(list(page.all(tag))) for tag in ("main", "header", "nav", "footer", "h1")] == [1] * 5
    assert [element.text for element in page.all("title") if element.above == ("html", "head")]
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", PAGES)
def test_headings_do_not_skip_a_level(app: FastAPI, path: str) -> None:
    levels = [int(element.tag[1]) for element in Page(ask(app, path).text).all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("path", PAGES)
def test_tables_and_pictures_speak_without_being_seen(app: FastAPI, path: str) -> None:
    page = Page(ask(app, path).text)
    for header in page.all("th"):
        assert header.attributes.get("scope") in ("col", "row", "rowgroup"), header.text
    for picture in page.all("svg"):
        hidden = picture.attributes.get("aria-hidden") == "true"
        assert hidden or (picture.attributes["role"] == "img" and picture.attributes["aria-label"])
    labels = [e.attributes["aria-labelledby"] for e in page.elements if "aria-labelledby" in e.attributes]
    ids = {element.attributes.get("id") for element in page.elements}
    assert set(labels) <= ids


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere_and_nothing_comes_from_elsewhere(app: FastAPI, path: str) -> None:
    page = Page(ask(app, path).text)
    for element in page.all("a", "link", "script", "img"):
        target = element.attributes.get("href") or element.attributes.get("src", "")
        assert target.startswith(("/", "#")), target
        kept = target.startswith("/measurements/") and WITNESS.measurement_uid not in target
        if target.startswith("/") and not kept:
            assert ask(app, target).code == 200, target


@pytest.mark.parametrize("path", PAGES)
def test_forbids_what_a_hostile_text_would_need(app: FastAPI, path: str) -> None:
    answer = ask(app, path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = Page(answer.text)
    assert not [
        e for e in page.elements if "style" in e.attributes or any(a.startswith("on") for a in e.attributes)
    ]
    assert not [e for e in page.all("script") if "src" not in e.attributes]


def test_every_time_is_utc_and_machine_readable(app: FastAPI) -> None:
    times = list(Page(ask(app, SEPTEMBER).text).all("time"))
    assert times
    for element in times:
        assert element.attributes["datetime"].endswith("Z")
        assert element.text.endswith("UTC")


def test_incident_page_is_quotable() -> None:
    page = Page(ask(in_the_middle(), SEPTEMBER).text)
    assert page.words("h1") == ["WhatsApp text messages and media blocked in China"]
    (quotation,) = page.words("blockquote")
    assert quotation == (
        "WhatsApp text messages and media have been blocked in China since some time between 23:00 UTC on"
        " 19 September and 05:00 UTC on 20 September 2017: 38 of 45 measurements showed it, 33 of them with"
        " proof, by 3 probes in 3 networks."
    )


def test_incident_page_says_how_and_who_not() -> None:
    text = " ".join(Page(ask(in_the_middle(), SEPTEMBER).text).words("main"))
    assert "Text messages: the network recognises the first bytes of the messenger’s Noise handshake" in text
    assert "Media: the network reads the server name in the TLS handshake" in text
    assert "Not affected: registration and web client." in text
    assert "not over at 24 Sep 2017, 02:00 UTC" in text


def test_incident_page_shows_the_trial_as_two_by_two() -> None:
    page = Page(ask(in_the_middle(), SEPTEMBER).text)
    cells = [
        " ".join(element.text.split())
        for element in page.all("td")
        if element.attributes.get("class", "").startswith("arm")
    ]
    assert cells[:8] == [
        *("71 of 72 failed", "72 of 72 failed", "0 of 72 failed", "1 of 72 failed"),
        *["0 of 72 failed"] * 4,
    ]
    reading = next(words for words in page.words("p") if words.startswith("Sent from inside"))
    assert "its own bytes failed 72 of 72 times; harmless bytes of the same length failed 1 of 72" in reading


def test_grid_counts_rounds_with_data_only() -> None:
    page = Page(ask(in_the_middle(), SEPTEMBER).text)
    rows = [words for words in page.words("tr") if re.match(r"WhatsApp (text|registration)", words)]
    assert rows == [
        "WhatsApp registration 0 of 9 0 of 9 0 of 9",
        "WhatsApp text messages 8 of 9 8 of 9 3 of 9",
    ]


def test_states_come_in_order_with_their_times(app: FastAPI) -> None:
    page = Page(ask(app, SEPTEMBER).text)
    steps = [
        words
        for element, words in zip(page.all("li"), page.words("li"), strict=True)
        if "ol" in element.above
    ]
    assert [words.split()[6] for words in steps] == [
        "disrupted",
        "suspected",
        "confirmed",
        "easing",
        "restored",
    ]
    assert steps[0].startswith("20 Sep 2017, 05:00 UTC")


def test_interval_is_drawn_where_it_is_said_to_be() -> None:
    bands = {
        element.attributes["class"].split()[1]: element.attributes
        for element in Page(ask(in_the_middle(), SEPTEMBER).text).all("rect")
        if element.attributes.get("class", "").startswith("band")
    }
    onset, certain = bands["onset"], bands["certain"]
    end_of_onset = float(onset["x"].rstrip("%")) + float(onset["width"].rstrip("%"))
    assert end_of_onset == pytest.approx(float(certain["x"].rstrip("%")), abs=0.01)
    ratio = float(certain["width"].rstrip("%")) / float(onset["width"].rstrip("%"))
    assert ratio == pytest.approx(93 / 6, rel=0.01)  # 20 Sep 05:00 to 24 Sep 02:00, against six hours


def test_overview_leads_with_what_is_open() -> None:
    page = Page(ask(in_the_middle(), "/").text)
    assert page.words("h1") == ["1 incident open"]
    assert page.words("h2")[0] == "WhatsApp text messages and media blocked in China"
    assert page.words("h3")[:2] == ["WhatsApp in China", "Weibo in China"]


def test_empty_station_says_so_and_does_not_break() -> None:
    app = create_app(MadeUp(0))
    assert Page(ask(app, "/").text).words("h1") == ["Nothing measured yet"]
    for path in ("/incidents", "/vantages", "/log"):
        assert ask(app, path).code == 200


def test_quiet_vantage_is_named() -> None:
    app = create_app(MadeUp(ROUNDS.index(at("08-09 21:00")) + 1))
    text = " ".join(Page(ask(app, "/vantages").text).words("main"))
    assert "3 of 4 are being heard; cn-9808 went quiet. Nothing is concluded from silence." in text


def test_measurement_page_shows_attempts_and_skips_what_is_none(app: FastAPI) -> None:
    page = Page(ask(app, f"/measurements/{WITNESS.measurement_uid}").text)
    attempts = [words for words in page.words("tr") if "31.13.80.53:5222" in words]
    assert len(attempts) == 3  # the fourth entry has another shape
    assert "trigger bytes, neutral address connected generic_timeout_error in read" in attempts[1]
    assert "another shape" in page.words("pre")[0]


def test_errors_are_pages_and_json_under_api(app: FastAPI) -> None:
    missing = ask(app, "/incidents/nothing")
    assert missing.code == 404
    assert "There is no incident 'nothing'." in " ".join(Page(missing.text).words("main"))
    assert ask(app, "/nowhere").code == 404
    assert ask(app, "/api/v1/nowhere").json() == {"error": "There is no page '/api/v1/nowhere'."}
    assert ask(app, "/", method="POST").code == 405


class Broken(MadeUp):
    """A store that fails."""

    def vantages(self) -> tuple[VantageReport, ...]:
        raise OSError("disk /dev/secret is on fire")


def test_failure_is_a_page_without_details_and_is_loud() -> None:
    said: list[bytes] = []
    with pytest.raises(OSError, match="on fire"):  # Starlette raises it again, so that the server logs it
        ask(create_app(Broken()), "/vantages", said=said)
    assert b"Something went wrong on this side" in b"".join(said)
    assert b"on fire" not in b"".join(said)


class Hostile(MadeUp):
    """Every free text is an attack."""

    def incidents(self) -> tuple[Listed, ...]:
        return tuple(self._poisoned(one) for one in super().incidents())

    def incident(self, incident_id: str) -> Dossier | None:
        found = MadeUp().incident("CN-whatsapp-block-2017-2")
        if found is None:
            return None
        return replace(
            found,
            listed=self.incidents()[0],
            witnesses=tuple(self._witness(one) for one in found.witnesses),
            strips=self.strips(None, None),
        )

    def strips(self, since: object, until: object) -> tuple[Strip, ...]:
        return tuple(
            replace(one, network=HOSTILE, service_name=HOSTILE, function=HOSTILE)
            for one in super().strips(None, None)
        )

    def log(self, after: int) -> tuple[Note, ...]:
        return tuple(
            replace(note, text=HOSTILE, kind=HOSTILE, incident_id=HOSTILE) for note in super().log(after)
        )

    def vantages(self) -> tuple[VantageReport, ...]:
        return tuple(
            replace(one, probe_id=HOSTILE, network=HOSTILE, access_type=HOSTILE) for one in super().vantages()
        )

    def measurement(self, measurement_uid: str) -> Facts | None:
        found = super().measurement(WITNESS.measurement_uid)
        return found and replace(found, measurement_uid=HOSTILE, document={HOSTILE: HOSTILE})

    @staticmethod
    def _poisoned(listed: Listed) -> Listed:
        bad = replace(
            listed.incident, because=HOSTILE, id=HOSTILE, mechanisms=(HOSTILE,), functions=(HOSTILE,)
        )
        return replace(listed, incident=bad, service_name=HOSTILE, owner_name=HOSTILE)

    @staticmethod
    def _witness(witness: Witness) -> Witness:
        return replace(witness, because=HOSTILE, rule=HOSTILE, network=HOSTILE, measurement_uid=HOSTILE)


@pytest.mark.parametrize("path", ["/", "/incidents", "/incidents/x", "/measurements/x", "/vantages", "/log"])
def test_hostile_text_stays_text(path: str) -> None:
    answer = ask(create_app(Hostile()), path)
    assert answer.code == 200
    page = Page(answer.text)
    assert "<script>alert" not in answer.text
    assert not list(page.all("img"))
    assert any(HOSTILE in element.text for element in page.all("main"))


def test_hostile_path_is_escaped(app: FastAPI) -> None:
    answer = ask(app, "/%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.code == 404
    assert "<script>alert" not in answer.text

"""The pages in a real browser: they render without an error, follow the station, and fit a phone."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.web.china_2017 import ROUNDS, WITNESS, MadeUp, at
from wallwatch.web.app import create_app

pytestmark = pytest.mark.browser

SEPTEMBER = "/incidents/CN-whatsapp-block-2017-2"
PATHS = (
    "/",
    "/incidents",
    SEPTEMBER,
    "/vantages",
    "/log",
    "/about",
    f"/measurements/{WITNESS.measurement_uid}",
)
BEFORE = ROUNDS.index(at("09-19 23:00")) + 1  # rounds that have happened when September has not begun
PATIENCE_MS = 20_000  # the page looks every two seconds; a loaded machine may take longer


@pytest.fixture
def station() -> MadeUp:
    """In the middle of September's block, unless a test sets it elsewhere."""
    return MadeUp(37)


@pytest.fixture
def address(station: MadeUp) -> Iterator[str]:
    """The pages on a loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(station), log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the module. Its own sandbox cannot be made as root or in a container."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window that remembers what went wrong and whom it asked."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    yield opened
    context.close()


@pytest.mark.parametrize("path", PATHS)
def test_renders_without_errors_and_asks_nobody_else(page: Page, address: str, path: str) -> None:
    complaints: list[str] = []
    hosts: set[str | None] = set()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.goto(address + path)
    expect(page.locator("h1")).to_be_visible()
    assert complaints == []
    assert hosts == {"127.0.0.1"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("width", [320, 390])
def test_fits_a_phone(page: Page, address: str, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(address + path)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_strips_are_drawn_with_distinct_shapes(page: Page, address: str) -> None:
    page.goto(address)
    heights = {
        kind: page.locator(f"svg.strip .{kind} rect").first.bounding_box()
        for kind in ("ok", "proven", "consistent", "down", "none")
    }
    drawn = {kind: box["height"] for kind, box in heights.items() if box}
    assert drawn["ok"] < drawn["down"] < drawn["consistent"] <= drawn["proven"]
    fills = {
        kind: page.locator(f"svg.strip .{kind} rect").first.evaluate("e => getComputedStyle(e).fill")
        for kind in ("proven", "consistent", "down", "none")
    }
    assert len(set(fills.values())) == 4
    assert all("url" in fills[kind] for kind in ("consistent", "down", "none"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_follows_the_readers_colour_scheme(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(address)
    ground = page.locator("html").evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground == {"light": "rgb(251, 249, 244)", "dark": "rgb(21, 22, 26)"}[scheme]
    context.close()


class TestLive:
    """An open page follows the station."""

    @pytest.fixture
    def station(self) -> MadeUp:
        return MadeUp(BEFORE)

    def test_an_incident_appears_without_a_reload(self, page: Page, address: str, station: MadeUp) -> None:
        page.goto(address)
        expect(page.locator("h1")).to_have_text("No incident is open")
        page.evaluate("window.stillTheSame = true")
        page.locator("#text-CN-whatsapp summary").click()
        station.advance()
        expect(page.locator("h1")).to_have_text("1 incident open", timeout=PATIENCE_MS)
        expect(page.locator("#dateline .now")).to_have_text("20 Sep 2017, 05:00 UTC")
        expect(page.locator("#live")).to_have_text("1 open incident · wallwatch")  # said aloud, once
        assert page.evaluate("window.stillTheSame") is True
        assert page.locator("#text-CN-whatsapp").get_attribute("open") is not None
        expect(page.locator("#text-CN-whatsapp summary")).to_be_visible()

    def test_focus_stays_where_it_was(self, page: Page, address: str, station: MadeUp) -> None:
        page.goto(address)
        page.locator("main a[href='/log']").focus()
        station.advance()
        expect(page.locator("h1")).to_have_text("1 incident open", timeout=PATIENCE_MS)
        assert page.evaluate("document.activeElement.getAttribute('href')") == "/log"

    def test_a_quotation_being_marked_is_left_alone(self, page: Page, address: str, station: MadeUp) -> None:
        page.goto(address)
        page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))")
        with page.expect_response("**/api/v1/status"):
            station.advance()
        with page.expect_response("**/api/v1/status"):
            pass  # two looks later it has still not been swapped
        assert page.evaluate("getSelection().toString()") == "No incident is open"
        page.evaluate("getSelection().removeAllRanges()")
        expect(page.locator("h1")).to_have_text("1 incident open", timeout=PATIENCE_MS)

    def test_a_station_that_went_away_is_said(self, page: Page, address: str) -> None:
        page.goto(address)
        page.route("**/api/v1/status", lambda route: route.abort())
        expect(page.locator("#live")).to_contain_text("does not answer", timeout=PATIENCE_MS)
        page.unroute("**/api/v1/status")
        expect(page.locator("#live")).to_have_text("Connected again.", timeout=PATIENCE_MS)


def test_the_keyboard_reaches_the_content_first(page: Page, address: str) -> None:
    page.goto(address + SEPTEMBER)
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"


def test_a_screen_reader_hears_the_strips(page: Page, address: str) -> None:
    page.goto(address)
    strip = page.get_by_role("img", name="WhatsApp text messages, China Unicom (AS4837)")
    expect(strip).to_be_visible()
    assert "latest: blocked" in (strip.get_attribute("aria-label") or "")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    expect(page.get_by_role("rowheader", name="text messages").first).to_be_visible()

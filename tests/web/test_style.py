"""Colours that can be read: WCAG 2.2 AA on the page's ground, in light and in dark, by the style sheet."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from wallwatch.web import wording

SHEET = (resources.files("wallwatch.web") / "static" / "wallwatch.css").read_text()
TEXT = ("ink", "soft", "link", "proven", "consistent", "down")  # at least 4.5 (1.4.3)
SHAPES = ("ok", "proven", "consistent", "down", "unknown")  # at least 3 (1.4.11)


def palette(scheme: str) -> dict[str, str]:
    """The custom properties that are colours; dark ones override."""
    blocks = re.findall(r":root \{(.*?)\}", SHEET, flags=re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[0]))
    return (
        colours
        if scheme == "light"
        else colours | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[1]))
    )


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """1 to 21."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", TEXT)
def test_text_can_be_read(scheme: str, name: str) -> None:
    colours = palette(scheme)
    assert contrast(colours[name], colours["paper"]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SHAPES)
def test_shapes_can_be_seen(scheme: str, name: str) -> None:
    colours = palette(scheme)
    assert contrast(colours[name], colours["paper"]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hatching_shows_on_its_own_ground(scheme: str) -> None:
    colours = palette(scheme)
    for name in ("consistent", "down"):
        assert contrast(colours[name], colours[f"{name}-ground"]) >= 3


def test_each_condition_has_a_rule_of_its_own() -> None:
    for condition in wording.CONDITIONS:
        assert re.search(rf"\.slot\.{condition} (rect|circle) \{{", SHEET), condition


def test_the_style_sheet_loads_nothing_from_elsewhere() -> None:
    assert "http" not in SHEET
    assert "@import" not in SHEET

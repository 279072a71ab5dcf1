"""The terminal's picture: fits any screen, reads without colour, says "blocked" only with proof."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from rich.console import Console

from tests.web.china_2017 import ROUNDS, MadeUp, at
from wallwatch.terminal import Terminal, plain_lines
from wallwatch.terminal.documents import Picture, incidents_of, notes_of, strips_of
from wallwatch.terminal.frame import Frame, frame
from wallwatch.terminal.glyphs import GLYPHS
from wallwatch.web import documents, wording

MIDDLE = ROUNDS.index(at("09-24 02:00")) + 1


def as_json(value: object) -> Any:
    """What a client of the API would hold."""
    return msgspec.json.decode(msgspec.json.encode(value))


def api(station: MadeUp) -> tuple[Any, Any, Any]:
    """The three documents: strips, incidents, log."""
    return (
        as_json(station.strips(None, None)),
        as_json([documents.incident_line(listed) for listed in station.incidents()]),
        as_json(station.log(0)),
    )


def picture(rounds: int = MIDDLE) -> Picture:
    """After a number of rounds."""
    station = MadeUp(rounds)
    strips, incidents, log = api(station)
    return Picture(
        title="China blocks WhatsApp, 2017",
        page_url="http://127.0.0.1:8787",
        round=rounds,
        total=len(ROUNDS),
        instant=station.now if rounds else None,
        strips=strips_of(strips),
        incidents=incidents_of(incidents),
        log=notes_of(log),
    )


def plain(width: int, height: int | None, rounds: int = MIDDLE) -> list[str]:
    """The frame without its styles."""
    return [line.plain for line in frame(picture(rounds), width, height)]


@given(
    width=some.integers(min_value=20, max_value=200),
    height=some.integers(min_value=5, max_value=70),
    rounds=some.integers(min_value=0, max_value=len(ROUNDS)),
)
@settings(max_examples=60, deadline=None)
def test_never_larger_than_the_screen(width: int, height: int, rounds: int) -> None:
    lines = frame(picture(rounds), width, height)
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 44)])
@pytest.mark.parametrize("rounds", range(0, len(ROUNDS) + 1, 7))
def test_common_sizes_show_every_part(width: int, height: int, rounds: int) -> None:
    text = "\n".join(plain(width, height, rounds))
    assert "http://127.0.0.1:8787" in text
    assert f"round {rounds} of 50" in text
    for glyph in GLYPHS.values():
        assert f"{glyph.character} {glyph.words}" in text
    if rounds:
        assert "WhatsApp in China" in text


def test_a_large_screen_has_a_line_for_each_network() -> None:
    lines = plain(120, 60)
    text = next(index for index, line in enumerate(lines) if line.startswith(" text"))
    assert [line.split("China ")[1].split()[0] for line in lines[text : text + 3]] == [
        "Telecom",
        "Unicom",
        "Mobile",
    ]
    assert lines[text + 1].split()[-2].endswith("▒▒▒▒▒▁███")


def test_a_hundred_by_thirty_has_one_for_each_affected_network() -> None:
    lines = plain(100, 30)
    assert any(line.startswith(" text") and "China Telecom" in line for line in lines)
    assert any(line.startswith(" registration") and "3 networks" in line for line in lines)


def test_a_small_screen_adds_networks_up_and_says_how_many_are_bad() -> None:
    assert any(line.startswith(" text") and line.endswith("3 of 3 bad") for line in plain(80, 24))


def test_what_is_known_of_an_open_incident() -> None:
    text = "\n".join(plain(100, 60))
    assert "confirmed  WhatsApp text messages and media blocked in China" in text
    assert "began between 23:00 UTC on 19 September and 05:00 UTC on 20 September 2017" in text
    assert "38 of 45 measurements, 33 with proof  proto.drop.noise  tls.reset.sni" in text


def test_without_proof_it_does_not_say_blocked() -> None:
    first = plain(100, 60, ROUNDS.index(at("09-20 05:00")) + 1)
    entry = next(line for line in first if "disrupted" in line)
    assert "consistent with blocking" in entry
    assert "blocked" not in entry


@pytest.mark.parametrize(("proven", "said"), [(0, "consistent with blocking"), (3, "blocked")])
def test_a_bare_contract_line_is_enough(proven: int, said: str) -> None:
    line = api(MadeUp(MIDDLE))[1][0] | {"proven": proven}
    for name in ("headline", "sentence", "service_name", "passages", "networks"):
        line.pop(name)
    shown = frame(msgspec.structs.replace(picture(), incidents=incidents_of([line])), 100, 60)
    assert any(one.plain == f" confirmed  whatsapp media, text: {said}" for one in shown)


def test_conditions_differ_without_colour() -> None:
    assert set(GLYPHS) == set(wording.CONDITIONS)
    for characters in ([g.character for g in GLYPHS.values()], [g.ascii for g in GLYPHS.values()]):
        assert len(set(characters)) == len(GLYPHS)
    assert all(glyph.ascii.isascii() for glyph in GLYPHS.values())


def test_an_ascii_terminal_gets_ascii() -> None:
    lines = frame(picture(), 100, 30, ascii_only=True)
    assert all(line.plain.isascii() for line in lines)


def test_hostile_names_cannot_move_the_cursor() -> None:
    strips, incidents, log = api(MadeUp(MIDDLE))
    evil = "\x1b[2J\x1b]0;owned\x07[bold]x[/bold]\r\n"
    for note in log:
        note["text"] = note["kind"] = evil
    for strip in strips:
        strip["network"] = strip["service_name"] = evil
    incidents[0]["headline"] = evil
    incidents[0]["mechanisms"] = [evil]
    shown = msgspec.structs.replace(
        picture(), strips=strips_of(strips), incidents=incidents_of(incidents), log=notes_of(log)
    )
    text = "".join(line.plain for line in frame(shown, 120, 60))
    assert text.isprintable()
    assert "[bold]x[/bold]" in text  # markup is not obeyed either
    assert all(line.isprintable() for line in plain_lines(log))


def test_plain_lines_say_the_log() -> None:
    lines = plain_lines(api(MadeUp())[2])
    assert lines[0] == (
        "2017-07-18 06:00 UTC  suspected  media of WhatsApp fails in three networks"
        "  [CN-whatsapp-block-2017-1]"
    )
    assert lines[3].endswith("went quiet; nothing is concluded from its silence")


def test_a_document_of_another_shape_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        strips_of([{"cc": "CN"}])


def terminal(size: tuple[int, int]) -> Console:
    """A console that writes into memory as if it were a terminal."""
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        width=size[0],
        height=size[1],
        color_system=None,
        legacy_windows=False,
    )


def written(console: Console) -> str:
    """What it wrote so far."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


ENTER, LEAVE, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


def test_ctrl_c_gives_the_terminal_back_and_leaves_the_last_frame() -> None:
    console = terminal((80, 24))
    station = MadeUp(MIDDLE)

    def interrupted() -> None:
        with Terminal("China blocks WhatsApp, 2017", "http://127.0.0.1:8787", console) as view:
            view.update(MIDDLE, len(ROUNDS), station.now, *api(station))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    output = written(console)
    assert output.index(ENTER) < output.rindex(LEAVE)
    after = output[output.rindex(LEAVE) :]
    assert "round 37 of 50" in after
    assert "WhatsApp text messages and media blocked in China" in after
    assert SHOW_CURSOR in output[output.index(ENTER) :]


def test_updates_redraw_in_place() -> None:
    console = terminal((100, 30))
    station = MadeUp(2)
    with Terminal("t", "http://127.0.0.1:8787", console) as view:
        for _ in range(3):
            station.advance()
            view.update(station.rounds, len(ROUNDS), station.now, *api(station))
        screen = written(console)
    assert "\x1b[2J" not in screen.split("round 3")[1]  # never wiped between frames: that would flicker
    for number in (3, 4, 5):
        assert f"round {number} of 50" in screen


def test_a_frame_follows_the_size_of_its_console() -> None:
    shown = Frame(picture())
    small, large = terminal((80, 24)), terminal((120, 44))
    for console in (small, large):
        console.print(shown)
    assert len(written(small).rstrip("\n").split("\n")) <= 24 < len(written(large).rstrip("\n").split("\n"))

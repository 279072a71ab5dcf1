"""Nothing is sent without consent, and it is asked for once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from wallwatch.commands.check import COMMAND as CHECK
from wallwatch.commands.probe import COMMAND as PROBE
from wallwatch.probe import consent
from wallwatch.refusal import Refusal

NOW = datetime(2017, 9, 20, tzinfo=UTC)


def test_without_a_terminal_it_refuses_and_says_how(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="--yes") as refused:
        consent.ensure(tmp_path, NOW, None, None)
    assert "consent = true" in str(refused.value)
    assert refused.value.exit_code == 2
    assert not consent.given(tmp_path)


@pytest.mark.parametrize("how", ["--yes", "config"])
def test_given_beforehand_it_is_written_down(tmp_path: Path, how: str) -> None:
    consent.ensure(tmp_path / "home", NOW, how, None)
    assert consent.given(tmp_path / "home")
    assert how in (tmp_path / "home" / consent.FILE_NAME).read_text()
    consent.ensure(tmp_path / "home", NOW, None, None)  # never asked again


def test_on_a_terminal_it_asks_once_with_the_whole_text(tmp_path: Path) -> None:
    asked: list[str] = []

    def yes(text: str) -> bool:
        asked.append(text)
        return True

    consent.ensure(tmp_path, NOW, None, yes)
    consent.ensure(tmp_path, NOW, None, yes)
    assert asked == [consent.TEXT]


def test_no_is_no(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="did not agree"):
        consent.ensure(tmp_path, NOW, None, lambda text: False)
    assert not consent.given(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"text_sha256":"00","time":"x","how":"y"}', b"\xff"])
def test_a_record_of_another_text_is_no_consent(tmp_path: Path, content: bytes) -> None:
    (tmp_path / consent.FILE_NAME).write_bytes(content)
    assert not consent.given(tmp_path)


def test_a_home_that_cannot_be_written_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match="home"):
        consent.ensure(tmp_path / "file" / "home", NOW, "--yes", None)


@pytest.mark.parametrize(("command", "arguments"), [(PROBE, ["run"]), (PROBE, ["once"]), (CHECK, [])])
def test_the_commands_send_nothing_before_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command, arguments: list[str]
) -> None:  # type: ignore[no-untyped-def]
    def sends(*_: object) -> None:
        raise AssertionError("a network was opened before consent")

    config = tmp_path / "probe.toml"
    config.write_text(f'[probe]\nid = "x"\nhome = "{tmp_path / "home"}"\n')
    monkeypatch.setattr("wallwatch.net.real.RealNet.__init__", sends)
    result = CliRunner().invoke(command, [*arguments, "--config", str(config)])
    assert result.exit_code == 2
    assert "Nothing was sent" in result.output

"""What `wallwatch check` says of what it saw."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from rich.console import Console

from tests.experiments.world import CHAT, MEDIA, gfw, silence
from tests.fakes import Action
from tests.probe.test_round import Party
from wallwatch import catalog, exits
from wallwatch.cli import main
from wallwatch.commands import _check_report as report
from wallwatch.commands.check import judged
from wallwatch.commands.control import COMMAND as CONTROL
from wallwatch.commands.probe import COMMAND as PROBE
from wallwatch.model.outcome import Outcome
from wallwatch.net.seam import Endpoint

CATALOGUE = catalog.load()


def seen_by(party: Party, has_control: bool = True) -> report.Seen:
    recorded, _ = party.round()
    return judged(CATALOGUE, recorded, has_control)


def shown(seen: report.Seen) -> str:
    out = StringIO()
    report.show(seen, CATALOGUE, Console(file=out, width=200))
    return out.getvalue()


def test_all_well() -> None:
    seen = seen_by(Party(is_attended=True))
    assert report.exit_status(seen) == exits.DONE
    assert [f"{v.service}/{v.function}" for v in seen.verdicts] == [
        "weibo/web",
        "whatsapp/registration",
        "whatsapp/text",
        "whatsapp/media",
        "whatsapp/web",
    ]
    text = shown(seen)
    assert "not asked" in text
    assert "blocked" not in text
    assert "wallwatch control" not in text


def test_a_block_is_said_with_its_proof() -> None:
    party = Party(is_attended=True)
    party.world.net.censor = gfw(noise=True)
    seen = seen_by(party)
    assert report.exit_status(seen) == exits.BAD_ANSWER
    (sentence,) = report.sentences(seen, CATALOGUE)
    assert sentence.startswith(
        "WhatsApp, text: blocked by the network, proven: connections that speak the service's protocol are "
        "recognised and silently dropped (proto.drop.noise). "
    )
    assert "4 of 4" in sentence
    assert "reached it (2 of 2)" in shown(seen)


def test_what_is_not_proven_is_called_consistent_with_blocking() -> None:
    party = Party(is_attended=True)
    party.world.net.censor = lambda endpoint, sent: Action.DROP if endpoint.address == CHAT else Action.PASS
    seen = seen_by(party)
    assert report.exit_status(seen) == exits.BAD_ANSWER
    assert "consistent with blocking, not proven" in report.sentences(seen, CATALOGUE)[0]
    assert "blocked" not in shown(seen).replace("nobody blocks", "")


def test_an_outage_is_not_blocked() -> None:
    party = Party(is_attended=True)
    for world in (party.world, party.abroad):
        world.net.refuse(Endpoint(MEDIA, 443))
    seen = seen_by(party)
    assert report.exit_status(seen) == exits.CANNOT_TELL
    assert "failed too" in shown(seen)
    assert "down" in report.sentences(seen, CATALOGUE)[0]


def test_without_a_control_it_says_how_to_get_one() -> None:
    party = Party(has_control=False, is_attended=True)
    party.world.net.serve(Endpoint(CHAT, 443), silence)
    party.world.net.serve(Endpoint(CHAT, 5222), silence)
    seen = seen_by(party, has_control=False)
    assert report.exit_status(seen) == exits.CANNOT_TELL
    text = shown(seen)
    assert "wallwatch control --listen" in text
    assert {v.outcome for v in seen.verdicts if v.function == "text"} == {Outcome.UNKNOWN}


def test_a_machine_without_internet_is_told_so_and_nothing_is_blocked() -> None:
    party = Party(is_attended=True)
    party.world.net.censor = lambda endpoint, sent: Action.DROP
    party.world.net.resolver_addresses = []
    party.world.net._names.clear()
    seen = seen_by(party)
    assert report.has_no_internet(seen)
    assert report.exit_status(seen) == exits.CANNOT_TELL
    assert {v.outcome for v in seen.verdicts} == {Outcome.UNKNOWN}
    assert shown(seen).startswith("This machine has no working internet connection")


@pytest.mark.real_data
@pytest.mark.parametrize("blocked", [False, True])
def test_the_lines_keep_the_contract(shared: Path, blocked: bool) -> None:
    schema = json.loads((shared / "contracts" / "verdict.schema.json").read_text())
    party = Party(is_attended=True)
    if blocked:
        party.world.net.censor = gfw(noise=True, sni="mmg.whatsapp.net")
    for verdict in seen_by(party).verdicts:
        Draft202012Validator(schema).validate(json.loads(msgspec.json.encode(verdict)))


def test_every_mechanism_has_words() -> None:
    for mechanism in ("tls.reset.sni", "proto.drop.noise", "dns.injection.bogon", "tcp.timeout"):
        assert report.mechanism_words(mechanism) != mechanism
    assert report.mechanism_words("platform.delete") == "platform.delete"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "watsapp", "--yes"], "whatsapp"),
        (["check", "--cc", "China", "--yes"], "ISO 3166"),
        (["check", "--asn", "-1"], "--asn"),
        (["check", "--yes", "--noise-root", "abc"], "64 hexadecimal digits"),
        (["probe", "run", "--config", "/nowhere/probe.toml"], "/nowhere/probe.toml"),
        (["probe", "rn"], "rn"),
        (["control", "--ports", "80"], "--twins-only"),
        (["control", "--twins-only", "--ports", "eighty"], "80,443,5222"),
        (["control", "--twins-only", "--ports", "70000"], "70000"),
        (["control", "--listen", "here"], "127.0.0.1:8790"),
        (["control", "--twin", "here"], "--twin"),
    ],
)
def test_wrong_use_is_refused_in_words(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == exits.WRONG_USE
    assert says in capsys.readouterr().err


def test_targets_are_listed_without_a_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    def sends(*_: object) -> None:
        raise AssertionError("a network was opened")

    monkeypatch.setattr("wallwatch.net.real.RealNet.__init__", sends)
    lines = CliRunner().invoke(PROBE, ["targets", "--json"], catch_exceptions=False).output.splitlines()
    listed = [json.loads(line) for line in lines]
    assert {(line["host"], line["port"]) for line in listed} >= {
        ("g.whatsapp.net", 5222),
        ("g.whatsapp.net", 443),
        ("mmg.whatsapp.net", 443),
        ("example.com", 443),
    }
    assert all(line["how_often"] and line["sends"] for line in listed)
    assert "g.whatsapp.net" in CliRunner().invoke(PROBE, ["targets"]).output
    assert CONTROL.name == "control"

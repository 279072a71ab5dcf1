"""The papers are true: reference pages are fresh, and each command that they show exists with its options."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.conftest import ROOT
from wallwatch import cli

PAPERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?(wallwatch [^#\n]+)", re.MULTILINE)
BLOCK = re.compile(r"```(?:console|bash|sh)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


def test_the_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def shown_commands() -> list[tuple[str, str]]:
    """Every `wallwatch ...` line of a console block, with the page it stands on."""
    return [
        (page.name, line.strip().rstrip("\\").strip())
        for page in PAPERS
        if page.parent.name != "reference"
        for block in BLOCK.findall(page.read_text())
        for line in SHOWN.findall(block)
    ]


@pytest.mark.parametrize(("page", "line"), shown_commands())
def test_a_command_in_the_papers_exists(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = cli.group
    context = click.Context(command)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words[0])
        assert found is not None, f"{page}: {line}"
        command, words = found, words[1:]
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    known |= {"--help", "-h", "--version"}
    for word in words:
        if word == "--":
            break
        if word.startswith("-"):
            assert word.split("=")[0] in known, f"{page}: {line}: no option {word}"


@pytest.mark.parametrize("page", PAPERS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.lab
@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "tutorial").glob("*.py")), ids=lambda page: page.stem
)
def test_the_tutorial_goes_as_it_says(page: Path) -> None:
    done = subprocess.run([sys.executable, str(page)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("blocked, proven") == 2


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "kind"), [("incident", "Incident"), ("verdict", "Verdict")])
def test_our_schemas_promise_what_the_contracts_ask(name: str, kind: str, shared: Path) -> None:
    contract = json.loads((shared / "contracts" / f"{name}.schema.json").read_text())
    ours = json.loads((ROOT / "docs" / "reference" / f"{name}.schema.json").read_text())["$defs"][kind]
    assert set(contract["required"]) <= set(ours["required"])
    assert set(contract["properties"]) <= set(ours["properties"])

"""`wallwatch demo` where it refuses: before anything has started, with a sentence that says how to go on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wallwatch import exits
from wallwatch.commands.demo import DEFAULT_LISTEN, page_socket
from wallwatch.lab import page
from wallwatch.refusal import Refusal

DEMO = [sys.executable, "-m", "wallwatch", "demo"]


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*DEMO, *options], capture_output=True, text=True, check=False, timeout=60)


def test_an_unknown_scenario_is_refused_with_the_nearest_name() -> None:
    done = demo("--scenario", "chian-whatsapp-2017")
    assert done.returncode == exits.WRONG_USE
    assert "Did you mean 'china-whatsapp-2017'?" in done.stderr
    assert done.stdout == ""


@pytest.mark.lab
def test_a_port_that_was_asked_for_and_is_taken_is_refused_with_a_free_one() -> None:
    with page.listen(page.Address("127.0.0.1", 0)) as taken:
        wanted = str(page.address_of(taken))
        done = demo("--listen", wanted)
    assert done.returncode == exits.WRONG_USE
    assert f"{wanted} is taken" in done.stderr
    assert "--listen 127.0.0.1:" in done.stderr


def test_the_default_port_gives_way_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    default = page.parse_address(DEFAULT_LISTEN)
    try:
        taken = page.listen(default)
    except page.PortTaken:
        pytest.skip(f"somebody else is at {default}")
    with taken, page_socket(None) as other:
        assert page.address_of(other) != default
        assert page.address_of(other).url in capsys.readouterr().err


@pytest.mark.parametrize("listen", ["8787", "127.0.0.1:http", "198.51.100.1:8787"])
def test_a_place_that_is_none_of_ours_is_refused(listen: str) -> None:
    with pytest.raises(Refusal):
        page_socket(listen)


@pytest.mark.lab
def test_a_data_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    done = demo("--listen", "127.0.0.1:0", "--data", str(tmp_path))
    assert done.returncode == exits.WRONG_USE
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


@pytest.mark.lab
@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare (util-linux) is not installed")
def test_where_namespaces_are_forbidden_it_says_the_cure_and_ends_with_3() -> None:
    """A user namespace in which no further one may be made."""
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh", *DEMO]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == exits.CANNOT_HERE, done.stderr
    assert "max_user_namespaces" in done.stderr
    assert done.stdout == ""

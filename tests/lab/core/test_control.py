"""The control channel: lines of JSON; whatever is said there, the lab goes on."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.core.making import run, small
from wallwatch.lab.lab import Lab
from wallwatch.lab.messages import CONTROL_SOCKET, LabError
from wallwatch.lab.scenario import Stage, StageCensor

pytestmark = pytest.mark.lab


@contextmanager
def _line(lab: Lab) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(5)
        folder = os.open(lab._place.inside, os.O_PATH)
        channel.connect(f"/proc/self/fd/{folder}/{CONTROL_SOCKET}")
        os.close(folder)
        yield channel


def _answers(channel: socket.socket, count: int) -> list[dict[str, object]]:
    with channel.makefile("rb") as stream:
        return [json.loads(stream.readline()) for _ in range(count)]


def test_several_requests_on_one_connection(lab: Lab) -> None:
    with _line(lab) as channel:
        channel.sendall(b'{"command":"counters"}\n{"command":"stop_pcap"}\n{"command":"instant"')
        assert [answer["ok"] for answer in _answers(channel, 2)] == [True, True]
        channel.sendall(b',"instant":"2017-07-02T00:00:00Z"}\n')
        [answer] = _answers(channel, 1)
        assert isinstance(answer["stage"], dict)
        assert answer["stage"]["name"] == "reset"


@pytest.mark.parametrize(
    "said",
    [b"what?\n", b"{}\n", b'{"command":"dance"}\n', b'{"command":"counters","more":1}\n', b"\xff\n", b"[]\n"],
)
def test_nonsense_is_answered_with_no(lab: Lab, said: bytes) -> None:
    with _line(lab) as channel:
        channel.sendall(said)
        [answer] = _answers(channel, 1)
        assert answer["ok"] is False
        assert answer["error"]
        channel.sendall(b'{"command":"counters"}\n')
        assert _answers(channel, 1)[0]["ok"] is True


def test_who_hangs_up_early_disturbs_nobody(lab: Lab) -> None:
    for said in (b"", b'{"command":"cou', b'{"command":"counters"}\n' * 50):
        with _line(lab) as channel:
            channel.sendall(said)
    assert lab.counters()["lost.ring"] == 0


def test_unknown_hosts_and_modes_are_refused(lab: Lab) -> None:
    with pytest.raises(LabError, match="no host 'nowhere'"):
        lab.set_offline("nowhere")
    since = lab.scenario.stages[0].since
    with pytest.raises(LabError, match="no host 'nowhere'"):
        lab.set_stage(Stage(name="x", since=since, offline=["nowhere"]))
    with pytest.raises(LabError, match="mode 'dancing'"):
        lab.set_stage(Stage(name="x", since=since, modes={"website": "dancing"}))
    unknown = StageCensor(kind="no_such_censor", at=["border"])
    with pytest.raises(LabError, match="no censor 'no_such_censor'"):
        lab.set_stage(Stage(name="x", since=since, censors=[unknown]))
    assert run(lab, "client", "ask_tcp", "145.100.0.10", 443, "?", 3) != "ConnectionRefusedError"


def test_a_mode_may_be_for_one_host_alone(lab: Lab) -> None:
    since = lab.scenario.stages[0].since
    lab.set_stage(Stage(name="x", since=since, modes={"website@server": "down"}))
    assert run(lab, "client", "ask_tcp", "145.100.0.10", 443, "?", 3) == "ConnectionRefusedError"
    lab.set_stage(Stage(name="x", since=since, modes={"website@near": "down"}))
    assert run(lab, "client", "ask_tcp", "145.100.0.10", 443, "?", 3) != "ConnectionRefusedError"


def test_a_long_path_to_the_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than a UNIX socket's address may be."""
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    with Lab.start(small(), seed=1, folder=tmp_path) as lab:
        assert lab.lost() == {}

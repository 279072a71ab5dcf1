"""The collector answers when a measurement is on the disk, and keeps nothing of who sent it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.collector.submissions import Answer, measurement, post, submission, with_app
from wallwatch.archive.segments import Archive
from wallwatch.collector import bodies
from wallwatch.collector.app import create_app
from wallwatch.collector.arrivals import identify
from wallwatch.model.ooni import SCRUBBED_ADDRESS

NOW = datetime(2017, 9, 20, 2, 0, 5, tzinfo=UTC)
SUBMIT = "/api/v1/submit_measurement"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "archive", identify) as opened:
        yield opened


@pytest.fixture
def app(archive: Archive) -> FastAPI:
    return create_app(archive, lambda: NOW)


def ask(app: FastAPI, path: str, body: bytes, **headers: str) -> Answer:
    return with_app(app, lambda: post(app, path, body, {k.replace("_", "-"): v for k, v in headers.items()}))


def kept(archive: Archive) -> list[bytes]:
    return [record.line for record in archive.since(0)]


def test_an_object_and_the_same_as_a_string_are_one_measurement(app: FastAPI, archive: Archive) -> None:
    content = measurement()
    first = ask(app, SUBMIT, submission(content))
    assert first.status == 200
    uid = first.body["measurement_uid"]
    assert uid.startswith("20170920020000.000000_CN_servicefunctions_")
    assert [json.loads(line) for line in kept(archive)] == [content]
    again = ask(app, SUBMIT, submission(json.dumps(content, indent=2)))
    assert again.body == {"measurement_uid": uid}
    assert len(kept(archive)) == 1


def test_it_is_archived_as_sent_to_the_byte(app: FastAPI, archive: Archive) -> None:
    odd = json.dumps(measurement(), ensure_ascii=True).replace("1e-07", "1.00E-7")
    ask(app, SUBMIT, b'{"format": "json", "content": ' + odd.encode() + b"}")
    assert kept(archive) == [odd.encode()]


def test_the_older_way(app: FastAPI, archive: Archive) -> None:
    opening = {"test_name": "whatsapp", "probe_cc": "CN", "probe_asn": "AS4134", "format": "json"}
    opened = ask(app, "/report", json.dumps(opening).encode())
    report = opened.body["report_id"]
    assert report.startswith("20170920T020005Z_whatsapp_CN_4134_n1_")
    assert "json" in opened.body["supported_formats"]
    sent = ask(app, f"/report/{report}", submission(measurement(report_id=report)))
    assert archive.has(sent.body["measurement_uid"])
    assert ask(app, f"/report/{report}/close", b"").body == {}


def test_gzip_bodies(app: FastAPI, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(submission(measurement()))
    assert ask(app, SUBMIT, packed, content_encoding="gzip").status == 200
    assert ask(app, SUBMIT, packed[:-9], content_encoding="gzip").status == 400
    assert ask(app, SUBMIT, b"plain", content_encoding="gzip").status == 400
    assert ask(app, SUBMIT, packed, content_encoding="br").status == 415
    monkeypatch.setattr(bodies, "MAX_BODY", 1 << 20)
    bomb = gzip.compress(b" " * (50 << 20))
    assert ask(app, SUBMIT, bomb, content_encoding="gzip").status == 413
    assert len(kept(archive)) == 1


def test_sizes_are_limited_alone_and_together(
    app: FastAPI, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = submission(measurement(padding="x" * 5000))
    monkeypatch.setattr(bodies, "MAX_BODY", len(large) - 1)
    assert ask(app, SUBMIT, large).status == 413
    room = bodies.Room(limit=10)
    room.take(8)
    with pytest.raises(bodies.Refused) as refused:
        room.take(3)
    assert refused.value.status == 503
    room.give(8)
    room.take(10)
    assert kept(archive) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"format": "yaml", "content": {}}',
        b'{"format": "json", "content": {}}',
        b'{"format": "json", "content": "{\\"a\\": 1}"}',
        b'{"format": "json", "content": "\\ud800"}',
        b'{"format": "json"}',
        submission([measurement(1), measurement(2)]),
        submission({"test_keys": {}, "test_name": "x"}),
        submission("[" * 100_000),
    ],
)
def test_what_is_no_measurement_is_refused_and_not_kept(app: FastAPI, archive: Archive, body: bytes) -> None:
    answer = ask(app, SUBMIT, body)
    assert answer.status == 400
    assert answer.body["error"]
    assert kept(archive) == []


def test_no_address_is_kept(app: FastAPI, archive: Archive, tmp_path: Path) -> None:
    sent = ask(app, SUBMIT, submission(measurement(probe_ip="203.0.113.9")))
    [line] = kept(archive)
    assert json.loads(line) == measurement(probe_ip=SCRUBBED_ADDRESS)
    assert ask(app, SUBMIT, submission(measurement(probe_ip="203.0.113.9"))).body == sent.body
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"198.51.100.77" not in everything + line
    assert len(kept(archive)) == 1


def test_many_at_once_share_their_way_to_the_disk(app: FastAPI, archive: Archive, tmp_path: Path) -> None:
    async def talk() -> list[Answer]:
        return await asyncio.gather(*(post(app, SUBMIT, submission(measurement(n))) for n in range(60)))

    answers = with_app(app, talk)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["measurement_uid"] for answer in answers}) == len(kept(archive)) == 60


def test_a_full_disk_is_said_and_nothing_is_acknowledged(
    app: FastAPI, archive: Archive, tmp_path: Path
) -> None:
    blocked = tmp_path / "archive" / "2017-09-20"
    blocked.write_bytes(b"in the way")
    assert ask(app, SUBMIT, submission(measurement())).status == 503
    blocked.unlink()
    assert ask(app, SUBMIT, submission(measurement())).status == 200
    assert len(kept(archive)) == 1

"""HTTP over a scripted network: whole, cut, stalled and malformed answers."""

from __future__ import annotations

import base64
from contextlib import closing, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import FakeNet, FarEnd, run
from tests.net.stepping import SHORT, steps_over
from wallwatch.net.failed import Failed, Timeouts
from wallwatch.net.seam import Endpoint
from wallwatch.net.steps import HttpRequest, HttpResponse, Steps

SERVER = Endpoint("203.0.113.7", 80)
REQUEST = HttpRequest(host="web.example", path="/page", scheme="http", headers=(("Accept", "*/*"),))


def server_saying(answer: bytes, then_wait: float = 0.0) -> FakeNet:
    """A server that reads a request's head, says that, waits, and closes."""
    net = FakeNet()

    async def say(far: FarEnd) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += await far.receive()
        if answer:
            await far.send(answer)
        await net.clock.sleep(then_wait)

    net.serve(SERVER, say)
    return net


async def ask(steps: Steps, request: HttpRequest = REQUEST) -> HttpResponse:
    """Connect and ask."""
    with closing(await steps.connect(SERVER)) as tcp:
        return await steps.http_request(tcp, request)


def asked(answer: bytes, request: HttpRequest = REQUEST) -> tuple[HttpResponse, Steps]:
    """The response to it."""
    steps = steps_over(server_saying(answer))
    return run(ask(steps, request)), steps


OK = b"HTTP/1.1 200 OK\r\nX-A: 1\r\n"
WHOLE = {
    "content-length": OK + b"Content-Length: 5\r\n\r\nhello",
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "until close": b"HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nhello",
    "after a 100": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("answer", WHOLE.values(), ids=WHOLE)
def test_a_whole_answer(answer: bytes) -> None:
    response, steps = asked(answer)
    assert (response.status, response.body, response.complete) == (200, b"hello", True)
    assert response.header("x-A") == "1"
    assert response.header("absent") is None
    (record,) = steps.trace.test_keys()["requests"]
    assert record["failure"] is None
    assert record["response"]["code"] == 200
    assert record["response"]["body"] == "hello"
    assert record["response"]["x_body_length"] == 5
    assert record["response"]["headers"]["X-A"] == "1"
    assert record["request"]["method"] == "GET"
    assert record["request"]["url"] == "http://web.example/page"
    assert record["request"]["headers_list"] == [["Host", "web.example"], ["Accept", "*/*"]]
    operations = [e.operation for e in steps.trace.network_events]
    assert operations[1] == "http_transaction_start"
    assert operations[-1] == "http_transaction_done"


def test_the_request_on_the_wire() -> None:
    net = server_saying(b"HTTP/1.1 204 No Content\r\n\r\n")
    run(ask(steps_over(net), HttpRequest(host="web.example", path="/in?a=1", method="POST", body=b"{}")))
    assert bytes(net.flows[0].sent) == (
        b"POST /in?a=1 HTTP/1.1\r\nHost: web.example\r\nContent-Length: 2\r\n\r\n{}"
    )


def failure_of_exchange(steps: Steps, request: HttpRequest = REQUEST) -> Failed:
    """What an exchange that must fail raises."""
    with pytest.raises(Failed) as caught:
        run(ask(steps, request))
    assert [r.failure for r in steps.trace.requests] == [caught.value.failure]
    return caught.value


CUT = {
    "content-length": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", 5),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhello", 5),
    "in the head": (b"HTTP/1.1 200 OK\r\nContent-", 0),
    "before the head": (b"", 0),
}


@pytest.mark.parametrize(("answer", "received"), CUT.values(), ids=CUT)
def test_an_answer_that_ends_too_early(answer: bytes, received: int) -> None:
    failed = failure_of_exchange(steps_over(server_saying(answer)))
    assert (failed.failure, failed.operation, failed.received) == ("eof_error", "read", received)


@pytest.mark.parametrize(("answer", "received"), CUT.values(), ids=CUT)
def test_an_answer_that_stalls(answer: bytes, received: int) -> None:
    steps = steps_over(server_saying(answer, then_wait=3600))
    failed = failure_of_exchange(steps)
    assert (failed.failure, failed.operation) == ("generic_timeout_error", "read")
    assert failed.received == received
    response = steps.trace.requests[0].response
    assert (response is None) == (b"\r\n\r\n" not in answer)
    if response is not None:
        assert response.x_body_length == received


def test_bytes_that_are_no_http() -> None:
    failed = failure_of_exchange(steps_over(server_saying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")))
    assert failed.operation == "parse"
    assert failed.failure.startswith("unknown_failure: ")


def test_a_body_is_cut_at_the_limit() -> None:
    body = bytes(range(256)) * 300
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    request = HttpRequest(host="web.example", body_limit=32768, record_limit=1000)
    response, steps = asked(answer, request)
    assert response.body == body[:32768]
    assert not response.complete
    record = steps.trace.requests[0].response
    assert record is not None
    assert record.body_is_truncated
    assert record.x_body_length == 32768
    recorded = steps.trace.test_keys()["requests"][0]["response"]["body"]
    assert recorded["format"] == "base64"
    assert base64.b64decode(recorded["data"]) == body[:1000]


def test_a_body_of_exactly_the_limit_is_complete() -> None:
    request = HttpRequest(host="web.example", body_limit=5)
    response, _ = asked(WHOLE["content-length"], request)
    assert (response.body, response.complete) == (b"hello", True)


def test_a_drip_is_stopped_by_the_limit_of_the_exchange() -> None:
    net = FakeNet()

    async def drip(far: FarEnd) -> None:
        await far.receive()
        await far.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            await far.send(b".")
            await net.clock.sleep(0.9)

    net.serve(SERVER, drip)
    steps = steps_over(net)
    failed = failure_of_exchange(steps)
    assert failed.failure == "generic_timeout_error"
    assert failed.received == 5
    record = steps.trace.requests[0]
    assert record.t - record.t0 == pytest.approx(4 * SHORT.read)


def test_an_exchange_may_have_a_limit_of_its_own() -> None:
    net = server_saying(b"", then_wait=100)
    steps = steps_over(net, timeouts=Timeouts(read=50.0, exchange=2.0))
    assert failure_of_exchange(steps).failure == "generic_timeout_error"
    assert steps.trace.now() <= 60
    assert steps.trace.requests[0].t - steps.trace.requests[0].t0 == pytest.approx(2.0)


def test_the_probes_own_address_is_not_recorded() -> None:
    body = b"<p>Your address 192.0.2.2 has been noted</p>"
    head = b"HTTP/1.1 403 Forbidden\r\nX-Client: 192.0.2.2\r\nContent-Length: %d\r\n\r\n" % len(body)
    response, steps = asked(head + body)
    assert b"192.0.2.2" in response.body  # the experiment sees what came
    keys = steps.trace.test_keys()
    assert "192.0.2.2" not in str(keys)
    assert "[scrubbed]" in keys["requests"][0]["response"]["body"]
    assert keys["requests"][0]["response"]["headers"]["X-Client"] == "[scrubbed]"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_whatever_comes_is_a_response_or_a_failure(answer: bytes) -> None:
    steps = steps_over(server_saying(answer))
    with suppress(Failed):
        run(ask(steps))
    assert len(steps.trace.requests) == 1
    steps.trace.test_keys()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 40))
def test_a_body_survives_any_division_into_chunks(body: bytes, size: int) -> None:
    chunks = [body[i : i + size] for i in range(0, len(body), size)]
    coded = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    response, _ = asked(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + coded)
    assert (response.body, response.complete) == (body, True)

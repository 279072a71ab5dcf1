"""A scripted network under a clock that jumps: what unit tests hand in instead of the world.

    from tests.fakes import FakeNet, run

    def test_reset() -> None:
        net = FakeNet()                                   # its clock: 2017-09-20T00:00:00Z, monotonic 0.0
        net.resolves({"web.example": ["203.0.113.7"]})    # a resolver that answers over UDP, and getaddrinfo

        async def server(far: FarEnd) -> None:            # runs once for each connection
            await far.receive_exactly(5)
            await far.send(b"hello")                      # or far.close() (FIN), far.reset() (RST)

        net.serve(Endpoint("203.0.113.7", 443), server)
        net.refuse(Endpoint("203.0.113.7", 80))           # ECONNREFUSED; an endpoint never named stays silent
        net.censor = lambda endpoint, sent: Action.DROP if b"trigger" in sent else Action.PASS

        async def look() -> None: ...
        run(look())                                       # instead of asyncio.run
        assert [flow.sent for flow in net.flows] == [...]

`run` uses an event loop that never waits: when nothing is ready it jumps to the next timer, so sleeps and
deadlines of hours take no time and come in exact order. When nothing is ready and nothing is due, it raises
`NothingDue` instead of hanging. What a server raises is raised by `run`. `asyncio.sleep`, `asyncio.timeout`
and `loop.time()` follow the same clock. There is no thread and no socket.

TLS: `Authority().issue("web.example")` and `serve_tls(leaf, handler)` make a server that speaks it.
"""

from tests.fakes.authority import Authority, Leaf
from tests.fakes.clock import JumpingClock, NothingDue, run
from tests.fakes.far_end import FarEnd, serve_tls
from tests.fakes.net import Action, FakeNet, Flow, Peer

__all__ = [
    "Action",
    "Authority",
    "FakeNet",
    "FarEnd",
    "Flow",
    "JumpingClock",
    "Leaf",
    "NothingDue",
    "Peer",
    "run",
    "serve_tls",
]

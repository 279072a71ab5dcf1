"""What the tests of this room share: steps with short limits over a given network."""

from __future__ import annotations

from wallwatch.net.failed import Timeouts
from wallwatch.net.roots import Roots
from wallwatch.net.seam import Net
from wallwatch.net.steps import Steps
from wallwatch.net.trace import Trace

SHORT = Timeouts(resolve=1.0, connect=1.2, handshake=1.2, read=1.0)


def steps_over(net: Net, roots: Roots | None = None, timeouts: Timeouts = SHORT) -> Steps:
    """Steps of a fresh measurement."""
    return Steps(net, Trace(net.clock), timeouts, roots or Roots())

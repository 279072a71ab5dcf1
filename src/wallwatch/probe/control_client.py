"""How a probe talks to its control. A control that does not answer costs knowledge, never a measurement."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from wallwatch.model.handshake import Address, Arm, Payload
from wallwatch.net.failed import Failed
from wallwatch.net.http_client import HttpStatusError, get_json, post_json
from wallwatch.net.seam import Endpoint
from wallwatch.vantage.api import MEASURE_PATH, TWINS_PATH, MeasureRequest, TrialRequest, Twins
from wallwatch.vantage.looking import Kit

ARMS = (
    Arm(payload=Payload.NEUTRAL, address=Address.NEUTRAL),
    Arm(payload=Payload.TRIGGER, address=Address.NEUTRAL),
)
TWINS_KEPT = 600.0  # seconds for which an answer about the twins is believed


class Control(Struct, frozen=True, kw_only=True):
    """A control vantage, and how to reach it."""

    url: str
    kit: Kit
    quick: float  # seconds for a question that needs no measuring
    thorough: float  # seconds for one that does

    async def twins(self) -> tuple[Endpoint, ...] | None:
        """Every twin address with every port; None where the control does not answer."""
        try:
            answer = await get_json(
                self.kit.net, self._at(TWINS_PATH), timeout=self.quick, roots=self.kit.roots
            )
            said = msgspec.convert(answer, Twins)
        except (Failed, HttpStatusError, ValueError):
            return None
        return tuple(Endpoint(address, port) for port in said.ports for address in said.twins)

    async def measure(self, run_id: str, service: str, function: str, trial_id: str | None) -> Any:
        """The control's measurement (decoded JSON), which it also submits; None where it does not answer."""
        trial = None if trial_id is None else TrialRequest(id=trial_id, arms=ARMS)
        request = MeasureRequest(run_id=run_id, service=service, functions=(function,), trial=trial)
        try:
            return await post_json(
                self.kit.net, self._at(MEASURE_PATH), request, timeout=self.thorough, roots=self.kit.roots
            )
        except (Failed, HttpStatusError, ValueError):
            return None

    def _at(self, path: str) -> str:
        return self.url.rstrip("/") + path

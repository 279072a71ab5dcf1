"""One file per protocol, each defining EXPERIMENT: what an attempt does, rung by rung. Facts only, no
opinion.

An attempt climbs from a name (L0) to an authenticated reply (L4) and further exchanges (L5), and its
`Handshake` says how far it came (docs/ontology.md). It never logs in, registers or sends a client's
authentication.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from wallwatch.catalog import Target
from wallwatch.experiments._names import Names
from wallwatch.model.handshake import Handshake, Trial
from wallwatch.net.seam import Endpoint
from wallwatch.net.steps import Steps


class Context(Struct, frozen=True, kw_only=True):
    """What all attempts of one measurement share."""

    catalogue_version: str
    stale: bool  # the catalogue's entry is past its day: its failures lead to unknown only
    names: Names
    own_addresses: set[str]  # filled by the attempts, so that they can be scrubbed before anything leaves


class Part(Struct, frozen=True, kw_only=True):
    """One attempt's part in a trial."""

    trial: Trial
    endpoint: Endpoint  # where to: the service's own, or a twin's


class Experiment(Protocol):
    """How one protocol is tried."""

    @property
    def name(self) -> str:
        """What the catalogue calls it; the module's name."""

    async def attempt(self, steps: Steps, target: Target, context: Context, turn: int) -> Handshake:
        """One attempt from the name upwards. `turn` 0, 1, 2 ... walks over the addresses of the name."""

    async def arm(self, steps: Steps, target: Target, context: Context, part: Part) -> Handshake:
        """One attempt of a trial: trigger or neutral bytes, to the service or to a twin."""

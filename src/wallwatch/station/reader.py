"""Answers what the pages ask (web/reader.py) from the lake, the ledger and the archive. Reads only.

Handlers call it from several threads; `lake.reading` makes them take turns. Nothing is worded here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from wallwatch.catalog.loader import Catalogue
from wallwatch.lake.reading import Reading
from wallwatch.lake.tables import CELLS, EVIDENCE, INCIDENTS, SILENCES, VERDICTS
from wallwatch.model.incident import Incident, State
from wallwatch.model.outcome import gravity
from wallwatch.model.silence import Silence
from wallwatch.model.verdict import Verdict
from wallwatch.model.view import (
    Dossier,
    Facts,
    Listed,
    Note,
    Overview,
    Status,
    Strip,
    VantageReport,
    Witness,
)
from wallwatch.station.ledger import Ledger
from wallwatch.station.strips import strips
from wallwatch.station.trials import trial_tallies

MOST_SLOTS, MOST_NOTES, MOST_WITNESSES = 96, 500, 50
MARGIN = timedelta(days=7)  # of an incident's strips, before its onset and after its end
LATELY = timedelta(days=30)  # ended incidents that the front page still shows
FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)

RawOf = Callable[[str], bytes | None]


class StationReader:
    """One station's conclusions, for its pages."""

    def __init__(
        self,
        reading: Reading,
        ledger: Ledger,
        catalogue: Catalogue,
        now: Callable[[], datetime],
        raw_of: RawOf,
    ) -> None:
        """`now`: the station's clock. `raw_of`: a measurement as archived, by its uid."""
        self._reading = reading
        self._ledger = ledger
        self._now = now
        self._raw_of = raw_of
        self._services = {name: service.title for name, service in catalogue.services.items()}
        self._owners = {name: owner.title for name, owner in catalogue.owners.items()}

    def status(self) -> Status:
        (totals,) = self._reading.rows("totals")
        versions = self._reading.versions()
        return Status(
            now=self._now(),
            revision=sum(version + 1 for version in versions) + self._ledger.last_note(),
            measurements=int(totals["measurements"]),
            rounds=int(totals["rounds"]),
            vantages=int(totals["vantages"]),
            open_incidents=sum(one.state is not State.RESTORED for one in self._incidents()),
        )

    def overview(self) -> Overview:
        lately = self._now() - LATELY
        listed = tuple(one for one in self.incidents() if _is_current(one.incident, lately))
        return Overview(status=self.status(), incidents=listed, strips=self.strips(None, None))

    def incidents(self) -> tuple[Listed, ...]:
        proven = {row["id"]: int(row["proven"]) for row in self._reading.rows("proven")}
        networks = self._networks()
        return tuple(self._listed(one, proven.get(one.id, 0), networks) for one in self._incidents())

    def incident(self, incident_id: str) -> Dossier | None:
        found = next((one for one in self.incidents() if one.incident.id == incident_id), None)
        if found is None:
            return None
        incident = found.incident
        since = incident.onset.earliest - MARGIN
        until = incident.end.latest + MARGIN if incident.end else FAR_FUTURE
        shown = self._strips(since, until, incident.cc)
        return Dossier(
            listed=found,
            witnesses=self._witnesses(incident),
            trials=trial_tallies(
                self._reading.values(
                    EVIDENCE,
                    "evidence_with_trials",
                    service=incident.service,
                    functions=list(incident.functions),
                    asns=list(incident.asns),
                    since=incident.onset.earliest,
                    until=incident.end.latest if incident.end else None,
                )
            ),
            strips=shown,
        )

    def measurement(self, measurement_uid: str) -> Facts | None:
        raw = self._raw_of(measurement_uid)
        if raw is None:
            return None
        verdicts = self._reading.values(VERDICTS, "verdicts_of", uids=[measurement_uid])
        return Facts(
            measurement_uid=measurement_uid, verdicts=tuple(verdicts), document=msgspec.json.decode(raw)
        )

    def strips(self, since: datetime | None, until: datetime | None) -> tuple[Strip, ...]:
        return self._strips(since, until, None)

    def log(self, after: int) -> tuple[Note, ...]:
        return tuple(self._ledger.notes(after, MOST_NOTES))

    def vantages(self) -> tuple[VantageReport, ...]:
        silences = self._reading.values(SILENCES, "all_silences")
        return tuple(_vantage(row, silences) for row in self._reading.rows("vantages") if row["probe_id"])

    def _incidents(self) -> list[Incident]:
        return self._reading.values(INCIDENTS, "all_incidents")

    def _networks(self) -> dict[int, str]:
        return {row["probe_asn"]: row["network"] for row in self._reading.rows("vantages") if row["network"]}

    def _listed(self, incident: Incident, proven: int, networks: Mapping[int, str]) -> Listed:
        service = incident.service or ""
        return Listed(
            incident=incident,
            service_name=self._services.get(service, service),
            owner_name=self._owners.get(incident.owner or "", incident.owner or ""),
            networks=tuple((asn, networks.get(asn, "")) for asn in incident.asns),
            proven=proven,
        )

    def _strips(self, since: datetime | None, until: datetime | None, cc: str | None) -> tuple[Strip, ...]:
        rows = self._reading.rows("hours", since=since, until=until, most=MOST_SLOTS)
        hours = sorted(row["hour"] for row in rows)
        if not hours:
            return ()
        cells = self._reading.values(CELLS, "cells_between", first=hours[0], last=hours[-1], cc=cc)
        return strips(cells, hours, self._networks(), self._services)

    def _witnesses(self, incident: Incident) -> tuple[Witness, ...]:
        verdicts = self._reading.values(VERDICTS, "verdicts_of", uids=list(incident.witnesses))
        own = [v for v in verdicts if v.service == incident.service and v.function in incident.functions]
        networks = self._networks()
        gravest: dict[str, Verdict] = {}
        for verdict in own:
            uid = verdict.measurement_uid
            if uid not in gravest or _gravity(verdict) > _gravity(gravest[uid]):
                gravest[uid] = verdict
        newest = sorted(gravest.values(), key=lambda one: one.measurement_start_time, reverse=True)
        return tuple(_witness(verdict, networks) for verdict in newest[:MOST_WITNESSES])


def _is_current(incident: Incident, lately: datetime) -> bool:
    return incident.end is None or incident.end.latest >= lately


def _gravity(verdict: Verdict) -> int:
    return gravity(verdict.outcome, verdict.grade)


def _witness(verdict: Verdict, networks: Mapping[int, str]) -> Witness:
    return Witness(
        measurement_uid=verdict.measurement_uid,
        time=verdict.measurement_start_time,
        cc=verdict.probe_cc,
        asn=verdict.probe_asn,
        network=networks.get(verdict.probe_asn, ""),
        probe_id=verdict.probe_id,
        function=verdict.function or "",
        outcome=verdict.outcome,
        grade=verdict.grade,
        mechanism=verdict.mechanism,
        rule=verdict.rules[0] if verdict.rules else "",
        because=verdict.because,
        control_uid=verdict.control_uid,
    )


def _vantage(row: Mapping[str, object], silences: list[Silence]) -> VantageReport:
    own = tuple(
        one for one in silences if (one.probe_id, one.probe_asn) == (row["probe_id"], row["probe_asn"])
    )
    fields = {
        "probe_id": row["probe_id"],
        "role": row["role"],
        "cc": row["probe_cc"],
        "asn": row["probe_asn"],
        "network": row["network"],
        "access_type": row["access_type"],
        "first_word": row["first_word"],
        "last_word": row["last_word"],
        "measurements": row["measurements"],
        "quiet": any(silence.until is None for silence in own),
        "silences": own,
    }
    return msgspec.convert(fields, VantageReport)

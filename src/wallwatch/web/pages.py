"""The pages. Each handler asks the Reader one thing, arranges it for reading, renders."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response

from wallwatch.model.handshake import Handshake
from wallwatch.model.incident import State
from wallwatch.model.view import TrialTally
from wallwatch.web import charts, facts, scope, trials, wording
from wallwatch.web.reader import Reader
from wallwatch.web.rendering import Renderer

LATEST_NOTES = 8  # of the log, on the front page


def routes(reader: Reader, renderer: Renderer) -> APIRouter:
    """All page routes over one reader."""
    pages = APIRouter(include_in_schema=False, default_response_class=Response)

    @pages.get("/")
    def overview() -> Response:
        view = reader.overview()
        still_open = [one for one in view.incidents if one.incident.state is not State.RESTORED]
        return renderer.page(
            "overview.html",
            view.status,
            open_incidents=[
                (one, charts.interval_chart(one.incident, view.status.now)) for one in still_open
            ],
            past_incidents=[one for one in view.incidents if one.incident.state is State.RESTORED],
            sections=scope.sections(view.strips, {one.incident.service for one in still_open}),
            notes=reader.log(0)[-LATEST_NOTES:][::-1],
        )

    @pages.get("/incidents")
    def incidents() -> Response:
        return renderer.page("incidents.html", reader.status(), incidents=reader.incidents())

    @pages.get("/incidents/{incident_id}")
    def incident(incident_id: str) -> Response:
        dossier = reader.incident(incident_id)
        if dossier is None:
            raise HTTPException(404, f"There is no incident {incident_id!r}.")
        status = reader.status()
        return renderer.page(
            "incident.html",
            status,
            listed=dossier.listed,
            incident=dossier.listed.incident,
            dossier=dossier,
            scope=scope.scope(dossier.listed.incident, dossier.strips),
            how=scope.how(dossier.listed.incident, dossier.strips),
            sections=scope.sections(dossier.strips, {dossier.listed.incident.service}),
            trials=[
                (tally, trials.table(tally), trials.reading(tally)) for tally in _ordered(dossier.trials)
            ],
            interval=charts.interval_chart(dossier.listed.incident, status.now),
        )

    @pages.get("/measurements/{measurement_uid}")
    def measurement(measurement_uid: str) -> Response:
        found = reader.measurement(measurement_uid)
        if found is None:
            raise HTTPException(404, f"There is no measurement {measurement_uid!r}.")
        attempts: list[Handshake] = facts.attempts(found.document)
        return renderer.page("measurement.html", reader.status(), facts_of=found, attempts=attempts)

    @pages.get("/vantages")
    def vantages() -> Response:
        return renderer.page("vantages.html", reader.status(), vantages=reader.vantages())

    @pages.get("/log")
    def log() -> Response:
        return renderer.page("log.html", reader.status(), notes=reader.log(0)[::-1])

    @pages.get("/about")
    def about() -> Response:
        return renderer.page("about.html", reader.status())

    return pages


def _ordered(tallies: tuple[TrialTally, ...]) -> list[TrialTally]:
    by_function = {tally.function: tally for tally in tallies}
    return [by_function[function] for function in wording.by_rank(by_function)]

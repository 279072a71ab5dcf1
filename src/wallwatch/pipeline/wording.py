"""The sentence that an incident carries: true, quotable, with its denominators and how sure it is."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from wallwatch.model.incident import Incident, Kind
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.model.verdict import Verdict


def because(incident: Incident, verdicts: list[Verdict]) -> str:
    """One or two sentences: what failed where, and the reason that the most telling verdicts give."""
    concerned = [verdict for verdict in verdicts if _concerns(incident, verdict)]
    failing = [verdict for verdict in concerned if verdict.outcome.value == _outcome(incident)]
    networks = len({(verdict.probe_cc, verdict.probe_asn) for verdict in concerned})
    what = f"{_listed(list(incident.functions))} of {incident.service}"
    where = f"in {len(incident.asns)} of {counted(networks, 'network')} measured"
    if incident.kind is Kind.OUTAGE:
        return f"{_started(what)} failed {where} while the control failed too: the service itself was down."
    is_proven = any(verdict.grade is Grade.PROVEN for verdict in failing)
    said = "blocked" if is_proven else "consistent with blocking"
    return " ".join([f"{_started(what)}: {said} {where}.", *_reasons(failing)])


def counted(number: int, word: str) -> str:
    """`1 network`, `2 networks`; `series` stays as it is."""
    return f"{number} {word}" if number == 1 or word.endswith("s") else f"{number} {word}s"


def _concerns(incident: Incident, verdict: Verdict) -> bool:
    return verdict.function in incident.functions and _within(incident, verdict.measurement_start_time)


def _within(incident: Incident, time: datetime) -> bool:
    return incident.onset.latest <= time and (incident.end is None or time <= incident.end.earliest)


def _outcome(incident: Incident) -> str:
    return Outcome.DOWN.value if incident.kind is Kind.OUTAGE else Outcome.BLOCKED.value


def _reasons(failing: list[Verdict]) -> list[str]:
    """For each function a sentence: the reason given most often among the proven, else among all."""
    reasons: list[str] = []
    for function in sorted({verdict.function or "" for verdict in failing}):
        own = [verdict for verdict in failing if verdict.function == function and verdict.rules]
        telling = [verdict for verdict in own if verdict.grade is Grade.PROVEN] or own
        if telling:
            rule, _ = Counter(verdict.rules[0] for verdict in telling).most_common(1)[0]
            sentence = next(verdict.because for verdict in telling if verdict.rules[0] == rule)
            reasons.append(f"{_started(function)}: {sentence}.")
    return reasons


def _started(words: str) -> str:
    """As at the start of a sentence."""
    return words[:1].upper() + words[1:]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]

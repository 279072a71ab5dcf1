"""Make cells and verdicts for detection tests: a letter a round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wallwatch.model.cell import Cell, CellKey
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.model.verdict import Verdict

START = datetime(2017, 9, 1, 2, tzinfo=UTC)
EVERY = timedelta(hours=12)

LETTERS = {
    ".": (Outcome.OK, None),
    "P": (Outcome.BLOCKED, Grade.PROVEN),
    "c": (Outcome.BLOCKED, Grade.CONSISTENT),
    "d": (Outcome.DOWN, None),
    "?": (Outcome.UNKNOWN, None),
}


def at(round_number: int) -> datetime:
    """When a round was."""
    return START + round_number * EVERY


def cells(letters: str, asn: int = 4134, function: str = "text", service: str = "whatsapp") -> list[Cell]:
    """`..PP..`: one cell a letter, a blank for a round without measurement."""
    return [
        _cell(letter, at(index), (asn, service, function))
        for index, letter in enumerate(letters)
        if letter != " "
    ]


def _cell(letter: str, time: datetime, where: tuple[int, str, str]) -> Cell:
    asn, service, function = where
    outcome, grade = LETTERS[letter]
    blocked = outcome is Outcome.BLOCKED
    return Cell(
        key=CellKey(
            probe_cc="CN",
            probe_asn=asn,
            resolver_asn=asn,
            service=service,
            function=function,
            layer="proto" if blocked else "",
            hour=time.replace(minute=0),
        ),
        ok=int(outcome is Outcome.OK),
        down=int(outcome is Outcome.DOWN),
        blocked=int(blocked),
        unknown=int(outcome is Outcome.UNKNOWN),
        proven=int(grade is Grade.PROVEN),
        rules={},
        mechanisms={"proto.drop.noise": 1} if blocked else {},
        probes=1,
        runs=1,
        witnesses=(f"{time:%Y%m%d%H}-{asn}-{function}",),
        first=time,
        last=time,
    )


def verdicts(
    letters: str, asn: int = 4134, function: str = "text", role: str = "probe", cc: str = "CN"
) -> list[Verdict]:
    """The same as verdicts of one probe."""
    return [
        _verdict(letter, at(index), (cc, asn, function, role))
        for index, letter in enumerate(letters)
        if letter != " "
    ]


def _verdict(letter: str, time: datetime, where: tuple[str, int, str, str]) -> Verdict:
    cc, asn, function, role = where
    outcome, grade = LETTERS[letter]
    blocked = outcome is Outcome.BLOCKED
    return Verdict(
        measurement_uid=f"{time:%Y%m%d%H}-{cc}-{asn}",
        test_name="service_functions",
        service="whatsapp",
        function=function,
        target=f"whatsapp/{function}",
        input="whatsapp",
        probe_cc=cc,
        probe_asn=asn,
        measurement_start_time=time,
        outcome=outcome,
        grade=grade,
        locus=None,
        layer="proto" if blocked else None,
        mechanism="proto.drop.noise" if blocked else None,
        fraction=None,
        resolver_asn=asn,
        access_type=None,
        control_uid=None,
        rules=("proto.first_bytes_trial",) if blocked else (),
        because="the first bytes failed where others passed",
        rules_version="1",
        reference_version="x",
        role=role,
        probe_id=f"{cc.lower()}-{asn}",
        run_id=None,
        observation_ids=(),
        control_uids=(),
        trial_ids=(),
    )

"""A verdict as JSON is a line of the published contract (shared folder, contracts/verdict.schema.json)."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest

from tests.conftest import SHARED
from tests.pipeline.making import BLOCKED_TEXT, PASSING_CONTROL, control_record, record, tries, verdict
from wallwatch.model.failure import TIMEOUT
from wallwatch.model.verdict import Verdict


@pytest.mark.real_data
@pytest.mark.parametrize(
    "found",
    [
        verdict(BLOCKED_TEXT, PASSING_CONTROL),
        verdict(record(tries(3, failure=TIMEOUT)), PASSING_CONTROL),
        verdict(record(tries(3, failure=TIMEOUT)), control_record(tries(3, failure=TIMEOUT))),
        verdict(record(tries(1)), PASSING_CONTROL),
        verdict(record([])),
    ],
)
def test_a_verdict_is_a_line_of_the_contract(found: Verdict) -> None:
    schema = json.loads((SHARED / "contracts" / "verdict.schema.json").read_text())
    jsonschema.validate(json.loads(msgspec.json.encode(found)), schema)

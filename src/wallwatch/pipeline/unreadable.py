"""Why an input is not a measurement: a small fixed vocabulary, for quarantine and its counts."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What is wrong with it. One word per cause, the same in quarantine, summary and docs."""

    EMPTY = "empty"
    NOT_JSON = "not JSON"
    TOO_DEEP = "nested too deeply"
    NOT_A_MEASUREMENT = "not a measurement"
    NO_TEST_NAME = "no test_name"
    NO_TIME = "no measurement_start_time"
    BAD_TIME = "unreadable measurement_start_time"
    BAD_TEST_KEYS = "test_keys is no object"


class Unreadable(ValueError):  # noqa: N818, it reads as what it says
    """The input goes to quarantine with this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason

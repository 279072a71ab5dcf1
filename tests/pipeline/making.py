"""Synthetic measurements of our own nettest, as the JSON that is handed in. Invented, not recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from wallwatch.model.evidence import Evidence
from wallwatch.model.failure import CONNECTION_RESET
from wallwatch.model.observation import Observation
from wallwatch.model.verdict import Verdict
from wallwatch.pipeline.evidence import gather
from wallwatch.pipeline.judge import judge
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.observe import observe

Json = dict[str, Any]

SERVICE_ADDRESS = "157.240.1.53"
TWIN_ADDRESS = "203.119.10.20"
START = "2017-09-20 02:00:00"
BOTH_CANARIES: Json = {"home": True, "abroad": True}
HOSTS = {
    "text": "g.whatsapp.net",
    "media": "mmg.whatsapp.net",
    "web": "web.whatsapp.com",
    "registration": "v.whatsapp.net",
}
FAMILIES = {"text": "noise", "media": "sni", "web": "sni", "registration": "sni"}
FAILING_OPERATION = {"noise": "read", "sni": "tls_handshake"}


def attempt(function: str = "text", *, failure: str | None = None, **changes: Any) -> Json:
    """One try at the service's own endpoint. It fails where a censor of its family acts."""
    family = FAMILIES[function]
    made: Json = {
        "service": "whatsapp",
        "function": function,
        "target_id": f"whatsapp/{function}",
        "endpoint": f"{SERVICE_ADDRESS}:443",
        "hostname": HOSTS[function],
        "wire_class": "W2" if family == "noise" else "W5",
        "trigger_family": family,
        "client_profile": "whatsapp-web-6.3" if family == "noise" else "python-ssl",
        "sent_len": 43,
        "sent_prefix_hex": "57410603" if family == "noise" else "160301",
        "t_first_reply": 0.13 if failure is None else None,
        "reply_len": 350 if failure is None else 0,
        "reply_prefix_hex": "00015b" if failure is None else "",
        "bytes_moved": 350 if failure is None else 0,
        "rung": 4 if failure is None else 1,
        "auth": {"method": "noise_cert_chain", "key_id": "14237557", "ok": True} if failure is None else None,
        "failure": failure,
        "failed_operation": None if failure is None else FAILING_OPERATION[family],
        "source_port": 40001,
        "t0": 0.1,
        "t": 0.3,
        "transaction_id": 1,
        "catalogue_version": "1",
        "unverified": False,
        "trial": None,
    }
    return {**made, **changes}


def tries(count: int, function: str = "text", failure: str | None = None, **changes: Any) -> list[Json]:
    """So many tries, each from a source port of its own."""
    return [attempt(function, failure=failure, source_port=40001 + n, **changes) for n in range(count)]


def in_trial(arm: tuple[str, str], number: int, *, failure: str | None = None, **changes: Any) -> Json:
    """One attempt of a trial. `arm`: payload and address."""
    payload, address = arm
    endpoint = f"{SERVICE_ADDRESS if address == 'service' else TWIN_ADDRESS}:443"
    trial = {"id": "trial-1", "arm": {"payload": payload, "address": address}, "attempt": number}
    return attempt(
        changes.pop("function", "text"),
        failure=failure,
        endpoint=endpoint,
        source_port=50000 + number,
        trial=trial,
        **changes,
    )


def pairs(
    trigger_failures: Iterable[str | None], neutral_failures: Iterable[str | None], **changes: Any
) -> list[Json]:
    """Pairs towards the twin: how the trigger and the neutral bytes fared, attempt by attempt."""
    return [
        in_trial((payload, "neutral"), number, failure=failure, **changes)
        for payload, failures in (("trigger", trigger_failures), ("neutral", neutral_failures))
        for number, failure in enumerate(failures)
    ]


def record(handshakes: list[Json], **changes: Any) -> Json:
    """A probe's measurement. `role`, `run_id`, `canaries` and any key of the envelope may be given."""
    role = changes.pop("role", "probe")
    test_keys: Json = {
        "queries": changes.pop("queries", []),
        "tcp_connect": [],
        "tls_handshakes": [],
        "requests": [],
        "x_handshakes": handshakes,
        "x_canaries": changes.pop("canaries", BOTH_CANARIES),
        "catalogue_version": "1",
    }
    annotations = {
        "role": role,
        "run_id": changes.pop("run_id", "run-1"),
        "probe_id": "cn-4134" if role == "probe" else "control-nl",
        "access_type": "fixed",
    }
    made: Json = {
        "annotations": annotations,
        "data_format_version": "0.2.0",
        "input": "whatsapp",
        "measurement_start_time": START,
        "probe_asn": "AS4134" if role == "probe" else "AS1136",
        "probe_cc": "CN" if role == "probe" else "NL",
        "probe_ip": "127.0.0.1",
        "probe_network_name": "",
        "report_id": "",
        "resolver_asn": "AS4134" if role == "probe" else "AS1136",
        "software_name": "wallwatch",
        "software_version": "0.1.0",
        "test_keys": test_keys,
        "test_name": "service_functions",
        "test_runtime": 1.0,
        "test_start_time": START,
        "test_version": "0.1.0",
    }
    return {**made, **changes}


def control_record(handshakes: list[Json], **changes: Any) -> Json:
    """A control's measurement."""
    return record(handshakes, role="control", **changes)


def rows(*records: Json) -> list[Observation]:
    """What observe makes of them."""
    return [row for each in records for row in observe(decode(json.dumps(each).encode()))]


def evidence(probe: Json, *controls: Json, **options: Any) -> list[Evidence]:
    """The probe's evidence."""
    return gather(rows(probe), rows(*controls), **options)


def verdicts(probe: Json, *controls: Json, **options: Any) -> list[Verdict]:
    """The probe's verdicts."""
    return [judge(each, "reference-1") for each in evidence(probe, *controls, **options)]


def verdict(probe: Json, *controls: Json, **options: Any) -> Verdict:
    """The probe's one verdict."""
    (only,) = verdicts(probe, *controls, **options)
    return only


PASSING_CONTROL = control_record([*tries(1), *pairs([None] * 4, [None] * 4)])
BLOCKED_TEXT = record([*tries(3, failure=CONNECTION_RESET), *pairs([CONNECTION_RESET] * 8, [None] * 8)])

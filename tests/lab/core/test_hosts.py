"""What a program sees in a host: its files, its authority, its name; and a host that is offline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lab.core.making import run
from wallwatch.lab.lab import Lab

pytestmark = pytest.mark.lab

TROUBLE = datetime(2017, 7, 3, 1, tzinfo=UTC)
CURL = shutil.which("curl")


def _output(lab: Lab, host: str, *command: str, **environment: str) -> str:
    env = {**os.environ, **environment} if environment else None
    process = lab.exec(host, command, stdout=subprocess.PIPE, text=True, env=env)
    out, _ = process.communicate(timeout=20)
    return str(out)


def test_resolv_conf_names_the_hosts_resolver(lab: Lab) -> None:
    text = _output(lab, "client", "cat", "/etc/resolv.conf")
    assert text.startswith("nameserver 101.95.0.53\nnameserver 240e:1::53\n")
    assert "nameserver" not in _output(lab, "server", "cat", "/etc/resolv.conf")


def test_the_system_resolver_finds_names_of_the_lab(lab: Lab) -> None:
    code = "import socket; print(sorted({a[4][0] for a in socket.getaddrinfo('site.org', 443)}))"
    assert _output(lab, "client", sys.executable, "-c", code).strip() == "['145.100.0.10', '2001:610::10']"


def test_hosts_are_known_to_people_by_name(lab: Lab) -> None:
    assert "145.100.0.10 server.lab" in _output(lab, "client", "cat", "/etc/hosts")


def test_each_host_has_its_own_name_and_our_working_directory(lab: Lab) -> None:
    name, _, folder = run(lab, "near", "who")
    assert (name, folder) == ("near", str(Path.cwd()))


def test_only_the_labs_authority_is_trusted(lab: Lab) -> None:
    assert _output(lab, "client", "cat", "/etc/ssl/certs/ca-certificates.crt") == lab.ca_pem


def test_openssl_finds_the_authority_without_being_told(lab: Lab) -> None:
    code = (
        "import os, ssl, socket; [os.environ.pop(n, 0) for n in ('SSL_CERT_FILE', 'SSL_CERT_DIR')];"
        "context = ssl.create_default_context(capath='/etc/ssl/certs');"
        "raw = socket.create_connection(('site.org', 443), 5);"
        "print(context.wrap_socket(raw, server_hostname='site.org').version())"
    )
    assert _output(lab, "client", sys.executable, "-c", code).strip() == "TLSv1.3"


@pytest.mark.skipif(CURL is None, reason="curl is not installed (apt-get install curl)")
@pytest.mark.parametrize("family", ["-4", "-6"])
def test_curl_verifies_a_site_of_the_lab(lab: Lab, family: str) -> None:
    out = _output(
        lab, "client", "curl", "-sS", family, "-w", "%{http_code} %{ssl_verify_result}", "https://site.org/"
    )
    assert out.endswith("200 0")


@pytest.mark.skipif(CURL is None, reason="curl is not installed (apt-get install curl)")
def test_curl_refuses_a_name_that_is_not_in_the_certificate(lab: Lab) -> None:
    process = lab.exec("client", ["curl", "-sS", "https://server.lab/"], stderr=subprocess.DEVNULL)
    assert process.wait(20) == 60  # CURLE_PEER_FAILED_VERIFICATION


def test_a_host_may_serve_low_ports(lab: Lab) -> None:
    code = "import socket; socket.create_server(('101.95.0.20', 80)); print('ok')"
    assert _output(lab, "near", sys.executable, "-c", code).strip() == "ok"


def test_an_offline_host_hears_nothing_until_it_is_back(lab: Lab) -> None:
    assert lab.set_instant(TROUBLE).name == "trouble"
    assert run(lab, "client", "ask_tcp", "101.95.0.20", 9, "?", 0.3) == "TimeoutError"
    assert lab.counters()["dropped.offline"] > 0
    lab.set_offline("near", False)
    assert run(lab, "client", "ask_tcp", "101.95.0.20", 9, "?", 3) == "ConnectionRefusedError"
    lab.set_offline("near")
    assert run(lab, "client", "ask_tcp", "101.95.0.20", 9, "?", 0.3) == "TimeoutError"


def test_a_stages_modes_reach_the_services(lab: Lab) -> None:
    address = "145.100.0.10"
    lab.set_instant(TROUBLE)
    assert run(lab, "client", "ask_tcp", address, 443, "?", 3) == "ConnectionRefusedError"
    lab.set_instant(datetime(2017, 7, 1, tzinfo=UTC))
    assert run(lab, "client", "ask_tcp", address, 443, "?", 3) != "ConnectionRefusedError"

"""The null route on built packets: directions, ports, both families."""

from __future__ import annotations

import pytest

from tests.lab.censors.making import CLIENT, CLIENT6, SERVER, SERVER6, Client, Fixed
from wallwatch.lab.censor import PASS
from wallwatch.lab.censors.ip_drop import IpDrop, Options
from wallwatch.wire.packet import IpHeader, Packet, build_udp

NETWORKS = ("157.240.1.0/24", "2a03:2880::/32")


@pytest.mark.parametrize(
    ("drop", "outbound", "inbound"),
    [("outbound", False, True), ("inbound", True, False), ("both", False, False)],
)
@pytest.mark.parametrize(("src", "dst"), [(CLIENT, SERVER), (CLIENT6, SERVER6)])
def test_it_drops_the_directions_it_is_told(
    drop: str, outbound: bool, inbound: bool, src: str, dst: str
) -> None:
    censor, client = IpDrop(Options(networks=NETWORKS, drop=drop)), Client(src=src, dst=dst)  # type: ignore[arg-type]
    assert censor.on_packet(client.syn(), "outbound", 0.0, Fixed()).forward is outbound
    assert censor.on_packet(client.from_server(), "inbound", 0.0, Fixed()).forward is inbound


def test_neighbours_and_other_clients_pass() -> None:
    censor = IpDrop(Options(networks=NETWORKS, clients=("101.95.0.0/16",), drop="both"))
    assert censor.on_packet(Client(dst="157.240.2.60").syn(), "outbound", 0.0, Fixed()) == PASS
    assert censor.on_packet(Client(src="36.128.0.10").syn(), "outbound", 0.0, Fixed()) == PASS
    assert not censor.on_packet(Client().syn(), "outbound", 0.0, Fixed()).forward


def test_with_ports_it_is_an_endpoint_block() -> None:
    censor = IpDrop(Options(networks=NETWORKS, ports=(443,), drop="both"))
    hit = censor.on_packet(Client(dport=443).from_server(), "inbound", 0.0, Fixed())
    assert hit.decision is not None
    assert hit.decision.mechanism == "tcp.timeout"
    assert censor.on_packet(Client(dport=5222).from_server(), "inbound", 0.0, Fixed()) == PASS


def test_whole_addresses_lose_every_protocol() -> None:
    censor = IpDrop(Options(networks=NETWORKS, drop="outbound"))
    packet = Packet.from_bytes(build_udp(IpHeader(src=CLIENT, dst=SERVER), 40000, 3478, b"stun"))
    hit = censor.on_packet(packet, "outbound", 0.0, Fixed())
    assert hit.decision is not None
    assert hit.decision.mechanism == "ip.prefix_null_route"


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one network"):
        IpDrop(Options(networks=()))

"""What holds for every censor: its plugin, its options, its patience with any packet."""

from __future__ import annotations

import msgspec
import pytest

from tests.lab.censors.making import Client, Fixed, client_hello
from wallwatch import plugins
from wallwatch.lab.censor import CensorKind
from wallwatch.model.mechanism import NODES
from wallwatch.wire.packet import TCP, IpHeader, Packet, TcpFlags, build_icmp

KINDS: dict[str, CensorKind] = plugins.discover("wallwatch.lab.censors", "CENSOR")
OPTIONS = {
    "dns_forge": {"names": ["*"], "addresses": ["31.13.94.37"]},
    "first_bytes_drop": {"prefixes": ["5741"]},
    "ip_drop": {"networks": ["157.240.0.0/16"]},
    "throttle": {"names": ["*"]},
    "tls_sni_reset": {"names": ["*"]},
}


@pytest.mark.parametrize("name", KINDS)
def test_it_says_what_it_is_and_after_whom(name: str) -> None:
    kind = KINDS[name]
    assert kind.name == name
    assert kind.summary
    assert kind.source
    assert set(kind.mechanisms) <= NODES


@pytest.mark.parametrize("name", KINDS)
def test_unknown_options_are_refused(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="colour"):
        msgspec.convert({**OPTIONS[name], "colour": "red"}, KINDS[name].options)


@pytest.mark.parametrize("name", KINDS)
def test_any_packet_gets_an_action_and_only_boxes_in_the_path_swallow(name: str) -> None:
    kind = KINDS[name]
    censor = kind.make(msgspec.convert(OPTIONS[name], kind.options))
    client = Client()
    fragment = msgspec.structs.replace(client.data(b"x"), fragment_offset=8, protocol=TCP)
    ping = Packet.from_bytes(build_icmp(IpHeader(src=client.src, dst=client.dst), 8, 0, 1, b"ping"))
    strange = client.segment(TcpFlags.SYN | TcpFlags.FIN | TcpFlags.RST, payload=b"\x16\x03")
    packets = [client.syn(), client.data(client_hello("a.example")), fragment, ping, strange, client.ack()]
    for direction in ("outbound", "inbound"):
        for packet in packets:
            action = censor.on_packet(packet, direction, 0.0, Fixed())  # type: ignore[arg-type]
            assert action.forward or censor.in_path
            assert action.delay == 0.0 or censor.in_path
    censor.leap()

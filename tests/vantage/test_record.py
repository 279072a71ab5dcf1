"""No address of the vantage leaves it."""

from __future__ import annotations

import pytest

from wallwatch.vantage.record import without_own_addresses


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b'{"a":"192.0.2.2"}', b'{"a":"[scrubbed]"}'),
        (b'{"a":"192.0.2.2:443"}', b'{"a":"[scrubbed]:443"}'),
        (b'{"a":"from 192.0.2.2."}', b'{"a":"from [scrubbed]."}'),
        (b'{"a":"192.0.2.20"}', b'{"a":"192.0.2.20"}'),
        (b'{"a":"1192.0.2.2"}', b'{"a":"1192.0.2.2"}'),
        (b'{"a":"192.0.2.2.7"}', b'{"a":"192.0.2.2.7"}'),
        (b'{"a":"[2001:db8::1]:443"}', b'{"a":"[[scrubbed]]:443"}'),
        (b'{"a":"2001:db8::1f"}', b'{"a":"2001:db8::1f"}'),
    ],
)
def test_own_addresses_are_taken_out_and_others_stay(content: bytes, kept: bytes) -> None:
    assert without_own_addresses(content, {"192.0.2.2", "2001:db8::1"}) == kept


def test_loopback_is_no_address_of_anybody() -> None:
    content = b'{"probe_ip":"127.0.0.1"}'
    assert without_own_addresses(content, {"127.0.0.1"}) == content

"""Whom a request comes from: what a client says of itself counts for nothing."""

import pytest
from fastapi import Request

from safelight.image_app.client_address import HOPS, NOWHERE, Proxies


def a_request_from(peer: str | None, *forwarded: str) -> Request:
    raw = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    client = (peer, 1234) if peer else None
    return Request({"type": "http", "method": "GET", "headers": raw, "client": client})


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.9", (), "203.0.113.9"),
        ("203.0.113.9", ("198.51.100.1",), "203.0.113.9"),
        ("10.0.0.2", (), "10.0.0.2"),
        ("10.0.0.2", ("",), "10.0.0.2"),
        ("10.0.0.2", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.2", ("192.0.2.66, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.2", ("192.0.2.66", "198.51.100.1"), "198.51.100.1"),
        ("10.0.0.2", ("192.0.2.66, 198.51.100.1, 10.9.9.9",), "198.51.100.1"),
        ("10.0.0.2", ("10.0.0.9, 10.0.0.8",), "10.0.0.9"),
        ("10.0.0.2", ("192.0.2.66, unknown",), "10.0.0.2"),
        ("10.0.0.2", ("192.0.2.66, unknown, 10.0.0.3",), "10.0.0.3"),
        ("10.0.0.2", ("198.51.100.1:4711",), "198.51.100.1"),
        ("10.0.0.2", ("[2001:db8:1:2:3::4]:4711",), "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.2", ("::ffff:198.51.100.1",), "198.51.100.1"),
        ("fd00::7", ("198.51.100.1",), "198.51.100.1"),
        ("2001:db8:1:2::1", (), "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", ("198.51.100.1",), "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", (), "2001:db8:1:3::/64"),
        (None, ("198.51.100.1",), NOWHERE),
        ("no address", ("198.51.100.1",), NOWHERE),
    ],
)
def test_the_nearest_address_that_is_no_trusted_proxy_s_is_counted(
    peer: str | None, forwarded: tuple[str, ...], counted: str
) -> None:
    assert Proxies("10.0.0.0/8, fd00::/8").client_of(a_request_from(peer, *forwarded)) == counted


def test_by_default_nobody_is_believed() -> None:
    for peer in ("127.0.0.1", "10.0.0.2"):
        assert Proxies().client_of(a_request_from(peer, "198.51.100.1")) == peer


def test_a_header_of_any_length_is_looked_into_no_further_than_proxies_stand_in_a_row() -> None:
    endless = "198.51.100.1" + ", 10.0.0.1" * (HOPS + 1)
    assert Proxies("10.0.0.0/8").client_of(a_request_from("10.0.0.2", endless)) == "10.0.0.1"


@pytest.mark.parametrize("networks", ["10.0.0.0/33", "example.com", "10.0.0.1/8", "10.0.0.1;::1"])
def test_what_is_no_network_is_refused(networks: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Proxies(networks)

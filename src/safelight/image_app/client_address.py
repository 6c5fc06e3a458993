"""Whom a request comes from, and whose word about that counts."""

from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from fastapi import Request

HOPS = 32
"""Proxies in a row that are looked behind; nobody has so many."""
SUBSCRIBER = 64
"""Bits of an IPv6 address that one subscriber has no choice of; the others are his to choose."""
NOWHERE = "nowhere"
"""Where a request comes from that has no address, as through a Unix socket."""

Address = IPv4Address | IPv6Address


class Proxies:
    """The networks of proxies that tell truly whom they speak for, in `X-Forwarded-For`."""

    def __init__(self, networks: str = "") -> None:
        """`10.0.0.0/8,fd00::/8`, or single addresses; raises ValueError."""
        names = [name.strip() for name in networks.split(",") if name.strip()]
        self._trusted: list[IPv4Network | IPv6Network] = [ip_network(name) for name in names]

    def client_of(self, request: Request) -> str:
        """Who is counted for the request: the nearest address that is no trusted proxy's.

        Of an IPv6 address the network of its subscriber. What a client writes into the header
        itself stands further away, and is never looked at.
        """
        peer = _address(request.client.host) if request.client else None
        if peer is None:
            return NOWHERE
        for further in _forwarded(request):
            if not self._is_trusted(peer) or further is None:
                break
            peer = further
        return _counted(peer)

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _forwarded(request: Request) -> Iterator[Address | None]:
    """What the header names, the nearest first."""
    named = ",".join(request.headers.getlist("x-forwarded-for"))
    for name in reversed(named.rsplit(",", HOPS)[-HOPS:]):
        yield _address(name.strip())


def _address(text: str) -> Address | None:
    """With or without a port, as proxies write it; None for what is none."""
    host, _, port = text.partition("]")[0].removeprefix("[").partition(":")
    is_with_port = port.isdecimal() and host.count(".") == 3
    try:
        address = ip_address(host if is_with_port else text.partition("]")[0].removeprefix("["))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _counted(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), SUBSCRIBER), strict=False))

"""HTTP written by hand, for clients that break off, lie or do not end."""

import select
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.client import Client

PATIENCE = 30.0


@dataclass(frozen=True)
class Heard:
    """What came back: all of it, up to the end of the connection."""

    status: int
    head: str
    body: bytes
    closed: bool


def connect(client: Client) -> socket.socket:
    """A connection to the product that this client uses."""
    address = urlsplit(str(client.base_url))
    assert address.hostname is not None
    assert address.port is not None
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)


def head(client: Client, *lines: str, signed_in: bool = True, path: str = "/v1/images") -> bytes:
    """The first lines of an upload, or of another request with a body."""
    said = [f"POST {path} HTTP/1.1", "Host: localhost", *lines]
    if signed_in:
        said.append(f"Authorization: {client.headers['Authorization']}")
    return ("\r\n".join(said) + "\r\n\r\n").encode()


def part(content: bytes, name: str = "file") -> bytes:
    """One part of a form whose boundary is `b`, without what ends it."""
    disposition = f'form-data; name="{name}"; filename="x.jpg"'
    return b"--b\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content


def answered(connections: Sequence[socket.socket]) -> list[socket.socket]:
    """Those on which something has come back by now."""
    readable, _, _ = select.select(connections, [], [], 0)
    return readable


def hear(connection: socket.socket) -> Heard:
    """The answer, read until the other side closes or falls silent."""
    received, closed = bytearray(), False
    try:
        while chunk := connection.recv(65536):
            received += chunk
            if _whole(bytes(received)):
                break
        else:
            closed = True
        if not closed:
            connection.settimeout(1)
            closed = connection.recv(1) == b""
    except TimeoutError:
        pass
    top, _, body = bytes(received).partition(b"\r\n\r\n")
    status = int(top.split(b" ", 2)[1]) if top else 0
    return Heard(status, top.decode("latin-1").lower(), body, closed)


def _whole(received: bytes) -> bool:
    top, gap, body = received.partition(b"\r\n\r\n")
    for line in top.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return bool(gap) and len(body) >= int(line.partition(b":")[2])
    return False

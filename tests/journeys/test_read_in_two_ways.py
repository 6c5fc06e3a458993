"""Requests that a proxy in front might read differently: one refusal, and the connection ends."""

import json
import socket
from itertools import product as pairs
from urllib.parse import urlsplit

import pytest

from tests.client import Client
from tests.journeys import wire

HOST = "Host: localhost\r\n"
SMUGGLED = f"GET /smuggled HTTP/1.1\r\n{HOST}\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"

TWO_WAYS = {
    "a length and chunks": f"{HOST}Content-Length: 5\r\n{CHUNKED}",
    "chunks and a length": f"{HOST}{CHUNKED}Content-Length: 5\r\n",
    "two lengths": f"{HOST}Content-Length: 5\r\nContent-Length: 6\r\n",
    "the same length twice": f"{HOST}Content-Length: 5\r\nContent-Length: 5\r\n",
    "a list of lengths": f"{HOST}Content-Length: 5, 5\r\n",
    "a length with a sign": f"{HOST}Content-Length: +5\r\n",
    "a length below nothing": f"{HOST}Content-Length: -5\r\n",
    "a length that is empty": f"{HOST}Content-Length:\r\n",
    "a length in another base": f"{HOST}Content-Length: 0x5\r\n",
    "a length beyond all numbers": f"{HOST}Content-Length: {'9' * 30}\r\n",
    "something like chunks": f"{HOST}Transfer-Encoding: xchunked\r\n",
    "chunks twice": f"{HOST}{CHUNKED}{CHUNKED}",
    "chunks of something": f"{HOST}Transfer-Encoding: gzip, chunked\r\n",
    "something of chunks": f"{HOST}Transfer-Encoding: chunked, identity\r\n",
    "chunks after a vertical tab": f"{HOST}Transfer-Encoding: \x0bchunked\r\n",
    "a space before the colon": f"{HOST}Transfer-Encoding : chunked\r\n",
    "a folded line": f"{HOST}X: y\r\n z\r\n",
    "a folded first line": f" X: y\r\n{HOST}",
    "a line that ends without CR": f"{HOST}X: y\nZ: z\r\n",
    "a line that ends without LF": f"{HOST}X: y\rZ: z\r\n",
    "NUL in a value": f"{HOST}X: a\0b\r\n",
    "NUL in a name": f"{HOST}X\0: b\r\n",
    "a control character": f"{HOST}X: a\x01b\r\n",
    "a line without a colon": f"{HOST}X\r\n",
    "a line without a name": f"{HOST}: x\r\n",
    "two hosts": f"{HOST}Host: elsewhere\r\n",
    "the same host twice": f"{HOST}{HOST}",
    "a host that is none": "Host: local host/x@y\r\n",
    "no host": "X: y\r\n",
}
FIRST_LINES = (
    "POST / HTTP/1.1\n",
    "POST / HTTP/2.0\r\n",
    "POST / HTTP/1.2\r\n",
    "POST / HTTP/0.9\r\n",
    "POST /\r\n",
    "POST /a b HTTP/1.1\r\n",
    "POST /\0 HTTP/1.1\r\n",
    "POST /\xe9 HTTP/1.1\r\n",
    "POST x HTTP/1.1\r\n",
    "post / HTTP/1.1\r\n",
    "CONNECT localhost:443 HTTP/1.1\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\r\n",
)


def _all_of(connection: socket.socket) -> bytes:
    """Everything that comes back until the other side closes."""
    received = bytearray()
    while chunk := connection.recv(65536):
        received += chunk
    return bytes(received)


def _answers(received: bytes) -> int:
    return received.count(b"\r\ndate: ")


def _assert_refused(client: Client, head: str, body: str = "0\r\n\r\n") -> None:
    """It is refused as a whole, and what comes behind it is not taken for a request."""
    with wire.connect(client) as connection:
        connection.sendall((head + "\r\n" + body + SMUGGLED).encode("latin-1"))
        received = _all_of(connection)
    assert received.startswith(b"HTTP/1.1 400 "), received
    assert _answers(received) == 1
    top, _, content = received.partition(b"\r\n\r\n")
    assert b"connection: close" in top
    assert json.loads(content)["type"] == "/problems/malformed-request"


@pytest.mark.parametrize("lines", TWO_WAYS.values(), ids=TWO_WAYS.keys())
def test_a_head_that_can_be_read_in_two_ways_is_not_read(stranger: Client, lines: str) -> None:
    _assert_refused(stranger, "POST /v1/auth/register HTTP/1.1\r\n" + lines)


@pytest.mark.parametrize("line", FIRST_LINES)
def test_a_first_line_that_is_none_is_refused(stranger: Client, line: str) -> None:
    _assert_refused(stranger, line + HOST)


@pytest.mark.parametrize(
    "body",
    ["5\nabcde\r\n0\r\n\r\n", "5 \r\nabcde\r\n0\r\n\r\n", "5;x\nabcde\r\n", "-1\r\n", "zz\r\n"],
)
def test_chunks_that_can_be_read_in_two_ways_are_refused(stranger: Client, body: str) -> None:
    kind = "Content-Type: application/json\r\n"
    _assert_refused(stranger, f"POST /v1/auth/register HTTP/1.1\r\n{HOST}{kind}{CHUNKED}", body)


def test_a_body_behind_a_get_is_no_request(ann: Client) -> None:
    """Whatever is in it: the answer is that of the address, and the next one on that connection."""
    line = f"Authorization: {ann.headers['Authorization']}\r\n"
    for path, framing in pairs(
        ("/v1/images", "/health/live", "/nothing"),
        (
            f"Content-Length: {len(SMUGGLED)}\r\n\r\n{SMUGGLED}",
            f"{CHUNKED}\r\n{len(SMUGGLED):x}\r\n{SMUGGLED}\r\n0\r\n\r\n",
        ),
    ):
        with wire.connect(ann) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\n{HOST}{line}{framing}".encode())
            received = _all_of(connection)
        assert _answers(received) == 1
        assert received.startswith(b"HTTP/1.1 %d " % (404 if path == "/nothing" else 200))
        assert b"smuggled" not in received


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Host: evil.example",
        "X-Original-URL: /v1/auth/me",
        "X-Rewrite-Url: /",
        "X-Forwarded-Proto: ftp",
        "X-HTTP-Method-Override: DELETE",
    ],
)
def test_a_header_that_some_proxies_believe_changes_nothing(ann: Client, header: str) -> None:
    ann.upload_and_wait(b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;")
    name, _, value = header.partition(": ")
    poisoned = ann.get("/v1/images", params={"limit": 1}, headers={name: value})
    clean = ann.get("/v1/images", params={"limit": 1})
    assert poisoned.text == clean.text
    assert "evil" not in clean.text
    assert urlsplit(clean.json()["items"][0]["url"]).netloc == ""

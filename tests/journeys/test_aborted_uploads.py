"""Clients that go away at any moment of their upload, also after its last byte."""

import socket
import struct
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any

import httpx
import psutil
import pytest

from tests.client import Client
from tests.journeys import pictures, wire
from tests.memory import Peak
from tests.product import Product, wait_for
from tests.remains import amiss

ABORTS = 200
SEED = 31
SHARES = (0.0, 0.1, 0.5, 0.99, 1.0)
"""Of the body, sent before the client goes; all of it, and then no answer is waited for."""
RESET = struct.pack("ii", 1, 0)
FORM = "Content-Type: multipart/form-data; boundary=b"
END = b"\r\n--b--\r\n"
LIMIT, STREAMED = 1 << 20, 200 << 20
LINGERS, BUFFERS = 64 << 20, 32 << 20
"""What the API takes of a refused body and forgets, so that its answer is heard, and what a system
may hold between the two ends."""
GROWTH = 50 << 20


@pytest.mark.timeout(300)
def test_whoever_goes_away_leaves_a_whole_picture_or_nothing(
    install: Callable[..., Product],
) -> None:
    product = install(SAFELIGHT_KEEP_ALIVE_SECONDS="5")  # ours, which the API sees the end of last
    product.start()
    moments = Random(SEED)
    digests = set()
    with Client(product.base_url) as client:
        client.sign_up()
        client.headers["Connection"] = "close"
        for number in range(ABORTS):
            content = pictures.jpeg((640, 480), number)
            digests.add(sha256(content).hexdigest())
            _abort(client, content, SHARES[number % len(SHARES)], reset=moments.random() < 0.5)
        wait_for("the connections to end", lambda: not _connections(product))
        # Some are read only now. An account's turns are in order, so a last one is behind them all.
        last = wait_for("a turn behind them", lambda: _taken(client, pictures.jpeg()))
        digests.add(last["sha256"])
        wait_for("the uploads to end", lambda: not product.uploads_under_way())
        kept = client.all_images()
        assert len(kept) <= ABORTS // len(SHARES) + 1
        for image in kept:
            assert client.processed(image["id"])["status"] == "ready"
            found = sha256(client.get(image["url"]).content).hexdigest()
            assert found == image["sha256"]
            assert found in digests
        assert amiss(product, [client]) == []


def _taken(client: Client, content: bytes) -> Any:
    """The image, if there was a turn for its upload."""
    answer = client.offer(content)
    return answer.json() if answer.status_code == httpx.codes.CREATED else None


def _connections(product: Product) -> int:
    """How many of those whom the API listens to have not been let go; ours are closed."""
    found = psutil.Process(product.parts[0].process.pid).net_connections("tcp")
    port = httpx.URL(product.base_url).port
    return sum(1 for one in found if one.laddr.port == port and one.status != psutil.CONN_LISTEN)


def _abort(client: Client, content: bytes, share: float, reset: bool) -> None:
    body = wire.part(content) + END
    with wire.connect(client) as connection:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.sendall(wire.head(client, FORM, f"Content-Length: {len(body)}"))
        connection.sendall(body[: round(len(body) * share)])


@pytest.mark.timeout(300)
def test_a_stream_without_end_is_cut_off_at_the_limit_and_held_nowhere(
    install: Callable[..., Product],
) -> None:
    product = install(SAFELIGHT_FILE_BYTES=str(LIMIT))
    product.start()
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    with Client(product.base_url) as client:
        client.sign_up().upload_and_wait(pictures.jpeg())
        with Peak(product) as before:
            pass
        with Peak(product) as peak, wire.connect(client) as connection:
            connection.sendall(wire.head(client, FORM, "Transfer-Encoding: chunked"))
            start = wire.part(pictures.jpeg())
            connection.sendall(f"{len(start):x}\r\n".encode() + start + b"\r\n")
            sent = 0
            try:
                while sent < STREAMED:
                    connection.sendall(chunk)
                    sent += len(chunk)
            except (ConnectionResetError, BrokenPipeError):
                pass
        assert sent < LIMIT + LINGERS + BUFFERS
        for kind, most in peak.most.items():
            assert most < before.most.get(kind, most) + GROWTH
        assert client.get("/health/ready").status_code == 200
        assert amiss(product, [client]) == []

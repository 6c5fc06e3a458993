"""A product that shows itself to browsers, to a proxy, and to those who watch over it."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.client import Client
from tests.journeys import wire
from tests.journeys.answers import assert_problem
from tests.product import Product, wait_for

APP, OTHER = "https://app.example", "http://localhost:5173"
EVIL = (
    "null",
    "https://evil.example",
    "https://app.example.evil.example",
    "https://evil-app.example",
    "http://app.example",
    "https://app.example:444",
    "https://APP.example",
)
CONNECTIONS = 260
HEADER_SECONDS = 8
SLOW = 200
HEAD = b"GET /v1/images HTTP/1.1\r\nX: y"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}


@pytest.fixture(scope="module")
def metrics_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def place(stocked: Callable[..., Product], metrics_port: int) -> Product:
    return stocked(
        SAFELIGHT_CORS_ORIGINS=f"{APP}, {OTHER}",
        SAFELIGHT_PUBLIC_URL="https://photos.example",
        SAFELIGHT_METRICS_PORT=str(metrics_port),
        SAFELIGHT_CONNECTIONS=str(CONNECTIONS),
        SAFELIGHT_HEADER_SECONDS=str(HEADER_SECONDS),
    )


@pytest.fixture
def visitor(place: Product) -> Iterator[Client]:
    """Somebody without an account."""
    with Client(place.base_url) as visitor:
        yield visitor


def _cors(answer: httpx.Response) -> dict[str, str]:
    return {n: v for n, v in answer.headers.items() if n.startswith("access-control-")}


def _asked(client: Client, visitor: Client, origin: str) -> list[httpx.Response]:
    """Good answers and refusals of every kind, for a page of this origin."""
    headers = {"Origin": origin}
    return [
        client.get("/v1/images", headers=headers),
        client.head("/v1/images", headers=headers),
        client.get("/v1/images/none", headers=headers),
        client.post("/v1/auth/register", content=b"{", headers=headers),
        visitor.get("/v1/images", headers=headers),
        visitor.get("/i/none/thumb", headers=headers),
        visitor.put("/v1/images", headers=headers),
        visitor.get("/nothing", headers=headers),
    ]


@pytest.mark.parametrize("origin", [APP, OTHER])
def test_a_page_of_an_origin_that_is_named_may_read_every_answer(
    client: Client, visitor: Client, origin: str
) -> None:
    for answer in _asked(client, visitor, origin):
        cors = _cors(answer)
        assert cors.pop("access-control-allow-origin") == origin
        exposed = cors.pop("access-control-expose-headers").split(", ")
        assert {"Location", "ETag", "Link", "Retry-After", "X-Request-ID"} <= set(exposed)
        assert not cors
        assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("origin", EVIL)
def test_a_page_of_any_other_origin_may_read_nothing(
    client: Client, visitor: Client, origin: str
) -> None:
    for answer in _asked(client, visitor, origin):
        assert not _cors(answer)
        assert "origin" in answer.headers["vary"].lower()
        assert "evil" not in str(answer.headers)
    before = visitor.options("/v1/images/none", headers={"Origin": origin, **PREFLIGHT})
    assert not _cors(before)


def test_a_browser_that_asks_before_is_told_what_the_address_takes(visitor: Client) -> None:
    answer = visitor.options("/v1/images/none", headers={"Origin": APP, **PREFLIGHT})
    assert (answer.status_code, answer.content) == (204, b"")
    cors = _cors(answer)
    assert cors["access-control-allow-origin"] == APP
    assert cors["access-control-allow-methods"] == "DELETE, GET, HEAD, OPTIONS, PATCH"
    permitted = set(cors["access-control-allow-headers"].lower().split(", "))
    assert {"authorization", "content-type", "if-match", "idempotency-key", "range"} <= permitted
    assert int(cors["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in cors
    assert_problem(
        visitor.request("OPTIONS", "/nothing", headers={"Origin": APP, **PREFLIGHT}),
        404,
        "not-found",
    )


def test_what_is_reached_by_tls_says_so(client: Client, visitor: Client) -> None:
    for answer in (client.get("/v1/images"), visitor.get("/nothing"), visitor.get("/")):
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_metrics_with_a_port_of_their_own_are_there_alone(
    visitor: Client, metrics_port: int
) -> None:
    assert_problem(visitor.get("/metrics"), 404, "not-found")
    with Client(f"http://127.0.0.1:{metrics_port}") as watcher:
        text = watcher.get("/metrics").text
        assert re.search(r"^safelight_requests_total{", text, re.MULTILINE)
        for path in ("/", "/v1/images", "/health/live", "/openapi.json", "/metrics/"):
            assert_problem(watcher.get(path), 404, "not-found")


def test_heads_that_come_byte_by_byte_end_in_time_and_are_in_nobodys_way(
    client: Client, visitor: Client
) -> None:
    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(wire.connect(visitor)) for _ in range(SLOW)]
        beside, end = 0, time.monotonic() + HEADER_SECONDS / 2
        for byte in HEAD:
            if time.monotonic() > end:
                break
            for connection in slow:
                connection.send(bytes([byte]))
            assert client.get("/v1/images").status_code == 200
            beside += not wire.answered(slow)
            time.sleep(0.2)
        answers = [wire.hear(connection) for connection in slow]
    assert {answer.status for answer in answers} == {408}
    assert all("/problems/request-timeout" in answer.body.decode() for answer in answers)
    assert beside


def test_connections_beyond_the_most_are_refused_until_others_end(
    client: Client, visitor: Client
) -> None:
    with ExitStack() as open_ones:
        for _ in range(CONNECTIONS):
            open_ones.enter_context(wire.connect(visitor))
        answer = wire.hear(open_ones.enter_context(wire.connect(visitor)))
        assert answer.status == 503
        assert "retry-after: " in answer.head
        assert answer.closed
    wait_for("room", lambda: _is_served(visitor))


def _is_served(visitor: Client) -> bool:
    try:
        return visitor.get("/health/live").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False

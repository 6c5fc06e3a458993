"""Uploads that break off, lie or do not end: nothing is left of them."""

import json
import random
import socket
import struct
from collections.abc import Iterator

import pytest

from tests.client import Client
from tests.journeys import pictures, wire
from tests.journeys.answers import assert_problem
from tests.journeys.leftovers import assert_nothing_is_left
from tests.product import Product

FORM = "Content-Type: multipart/form-data; boundary=b"
END = b"\r\n--b--\r\n"
SEED = 20
LIMIT, BESIDE = 25 << 20, 64 << 10
REGISTER = "/v1/auth/register"
RESET = struct.pack("ii", 1, 0)


@pytest.fixture(autouse=True)
def _nothing_is_left(place: Product, client: Client) -> Iterator[None]:
    yield
    assert_nothing_is_left(place, client)


def _send(client: Client, content_type: str, body: bytes) -> tuple[int, str]:
    answer = client.post("/v1/images", content=body, headers={"Content-Type": content_type})
    assert_problem(answer, answer.status_code, answer.json()["type"].removeprefix("/problems/"))
    return answer.status_code, answer.json()["type"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        wire.part(pictures.jpeg()),
        wire.part(pictures.jpeg()) + b"\r\n--b",
        wire.part(pictures.jpeg()) + b"\r\n--other--\r\n",
        b"--other\r\n" + wire.part(pictures.jpeg())[5:] + END,
        b"--b\r\nContent-Disposition form-data\r\n\r\n" + pictures.jpeg() + END,
        b"--b\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\nz" + END,
    ],
)
def test_a_form_that_is_broken_is_refused(client: Client, body: bytes) -> None:
    answer = _send(client, "multipart/form-data; boundary=b", body)
    assert answer == (400, "/problems/malformed-body")


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 5000,
        'multipart/form-data; boundary="',
    ],
)
def test_a_form_without_a_usable_boundary_is_refused(client: Client, content_type: str) -> None:
    answer = _send(client, content_type, wire.part(pictures.jpeg()) + END)
    assert answer == (400, "/problems/malformed-body")


def test_a_form_of_ten_thousand_fields_is_refused(client: Client) -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="tags"\r\n\r\nsea\r\n'
    body = field * 10_000 + wire.part(pictures.jpeg()) + END
    assert _send(client, "multipart/form-data; boundary=b", body)[0] == 422


def test_a_field_of_a_megabyte_is_refused(client: Client) -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\n'
    body = field + b"x" * 1_000_000 + b"\r\n" + wire.part(pictures.jpeg()) + END
    assert _send(client, "multipart/form-data; boundary=b", body)[0] == 422


def test_a_field_that_is_no_text_is_refused(client: Client) -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\xfe\r\n'
    body = field + wire.part(pictures.jpeg()) + END
    assert _send(client, "multipart/form-data; boundary=b", body)[0] == 422


def test_a_client_that_goes_away_leaves_nothing(client: Client) -> None:
    moments, content = random.Random(SEED), pictures.jpeg((1600, 1200))
    body = wire.part(content) + END
    length = f"Content-Length: {len(body)}"
    for share in (0, 0.1, 0.5, 0.99, *(moments.random() for _ in range(16))):
        with wire.connect(client) as connection:
            if moments.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.sendall(wire.head(client, FORM, length))
            connection.sendall(body[: int(len(body) * share)])


def test_a_body_that_ends_before_its_length_leaves_nothing(client: Client) -> None:
    body = wire.part(pictures.jpeg()) + END
    with wire.connect(client) as connection:
        connection.sendall(wire.head(client, FORM, f"Content-Length: {len(body) + 1000}") + body)
        connection.shutdown(socket.SHUT_WR)
        assert wire.hear(connection).status in (0, 400)


def test_a_chunked_body_that_breaks_off_leaves_nothing(client: Client) -> None:
    body = wire.part(pictures.jpeg())
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n"
    with wire.connect(client) as connection:
        connection.sendall(wire.head(client, FORM, "Transfer-Encoding: chunked") + chunk)
    with wire.connect(client) as connection:
        connection.sendall(
            wire.head(client, FORM, "Transfer-Encoding: chunked") + chunk + b"zz\r\n"
        )
        assert wire.hear(connection).status in (0, 400)


@pytest.mark.parametrize(
    ("lines", "path", "code"),
    [
        ((FORM, f"Content-Length: {LIMIT + BESIDE + 1}"), "/v1/images", "file-too-large"),
        (("Content-Type: application/json", "Content-Length: 65537"), REGISTER, "body-too-large"),
    ],
    ids=["an upload", "anything else"],
)
def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(
    client: Client, lines: tuple[str, ...], path: str, code: str
) -> None:
    with wire.connect(client) as connection:
        connection.sendall(wire.head(client, *lines, path=path))
        answer = wire.hear(connection)
    assert answer.status == 413
    assert json.loads(answer.body)["type"] == f"/problems/{code}"


def test_a_body_that_does_not_say_so_is_refused_once_it_is_too_large(client: Client) -> None:
    whole = wire.part(pictures.jpeg())
    for body in (whole + bytes(LIMIT), whole + END + bytes(LIMIT + BESIDE)):
        chunks = (body[place : place + 65536] for place in range(0, len(body), 65536))
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = client.post("/v1/images", content=chunks, headers=headers)
        assert_problem(answer, 413, "file-too-large")


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_refusal_comes_at_once_and_the_connection_ends_cleanly(
    client: Client, signed_in: bool
) -> None:
    """The answer is there while most of the body is not sent; then the connection closes."""
    body = wire.part(b"no picture" * 200) + bytes(300_000)
    lines = (FORM, f"Content-Length: {20_000_000}")
    with wire.connect(client) as connection:
        connection.sendall(wire.head(client, *lines, signed_in=signed_in) + body)
        answer = wire.hear(connection)
    assert answer.status == (415 if signed_in else 401)
    assert "connection: close" in answer.head
    assert answer.closed or json.loads(answer.body)["status"] == answer.status


def test_a_client_that_waits_to_be_asked_is_refused_before_it_sends(client: Client) -> None:
    lines = (FORM, "Content-Length: 20000000", "Expect: 100-continue")
    with wire.connect(client) as connection:
        connection.sendall(wire.head(client, *lines, signed_in=False))
        answer = wire.hear(connection)
    assert answer.status == 401
    assert answer.closed


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -5",),
        ("Content-Length: five",),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: xchunked",),
        ("X-Long: " + "y" * 200_000,),
        ("No colon",),
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_not_read(
    client: Client, lines: tuple[str, ...]
) -> None:
    with wire.connect(client) as connection:
        connection.sendall(wire.head(client, FORM, *lines) + b"0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = wire.hear(connection)
    assert answer.status == 0 or 400 <= answer.status < 500
    assert b"Traceback" not in answer.body

"""Refused uploads of every kind: a clear answer, and nothing is left."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, assert_safe, wrong_fields
from tests.journeys.leftovers import assert_nothing_is_left
from tests.product import Product

FILE_BYTES = 25 * 1024 * 1024


@pytest.fixture(autouse=True)
def _nothing_is_left(place: Product, client: Client) -> Iterator[None]:
    yield
    left = place.objects()
    assert_nothing_is_left(place, client)
    assert left == []


def png_header(width: int, height: int) -> bytes:
    """A PNG that says these sides and has no pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def gif_header(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0)


NO_PICTURES = {
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(600),
    "HEIC that says AVIF too": b"\0\0\0\x1cftypheic\0\0\0\0avifmif1heic" + bytes(600),
    "AVIF sequence": b"\0\0\0\x1cftypavis\0\0\0\0avisavifmsf1" + bytes(600),
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    "bare SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
    "BMP": pictures.still("BMP"),
    "ICO": pictures.still("ICO"),
    "HTML": b"<!doctype html><script>alert(document.domain)</script>",
    "HTML before a JPEG": b"<html></html>" + pictures.jpeg(),
    "ZIP": b"PK\x03\x04" + bytes(600),
    "text": b"harbour",
    "one byte": b"\xff",
    "zeros": bytes(5000),
}


@pytest.mark.parametrize("kind", NO_PICTURES)
@pytest.mark.parametrize(
    ("name", "claimed"),
    [("harbour.jpg", "image/jpeg"), ("a.svg", "image/svg+xml"), ("", "image/png")],
)
def test_what_is_no_accepted_picture_is_refused_whatever_it_is_called(
    client: Client, kind: str, name: str, claimed: str
) -> None:
    files = {"file": (name or "x", NO_PICTURES[kind], claimed)}
    assert_problem(client.post("/v1/images", files=files), 415, "unsupported-image")


@pytest.mark.parametrize(
    "content",
    [
        png_header(16385, 10),
        png_header(10, 16385),
        png_header(8000, 8000),
        png_header(2**31 - 1, 2**31 - 1),
        gif_header(65535, 65535),
        gif_header(10000, 6000),
    ],
)
def test_a_picture_with_too_many_pixels_is_refused_by_its_header(
    client: Client, content: bytes
) -> None:
    assert_problem(client.offer(content + bytes(100)), 422, "image-too-large")


@pytest.mark.parametrize("content", [png_header(0, 100), png_header(100, 0), gif_header(0, 0)])
def test_a_picture_without_width_or_height_is_refused_by_its_header(
    client: Client, content: bytes
) -> None:
    assert_problem(client.offer(content + bytes(100)), 422, "corrupt-image")


def test_an_empty_file_is_refused(client: Client) -> None:
    assert_problem(client.offer(b""), 422, "empty-file")


def test_a_file_that_is_too_large_is_refused(client: Client) -> None:
    content = pictures.jpeg() + bytes(FILE_BYTES)
    assert_problem(client.offer(content), 413, "file-too-large")


def test_a_file_that_is_too_large_and_tells_no_length_is_refused(client: Client) -> None:
    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        yield pictures.jpeg()
        for _ in range(2 * FILE_BYTES // 65536):
            yield bytes(65536)
        yield b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = client.post("/v1/images", content=body(), headers=headers)
    assert "content-length" not in answer.request.headers
    assert_problem(answer, 413, "file-too-large")


def test_a_second_file_is_refused(client: Client) -> None:
    files = [("file", ("a.jpg", pictures.jpeg())), ("file", ("b.jpg", pictures.jpeg(number=2)))]
    assert wrong_fields(client.post("/v1/images", files=files)) == {"file"}


def test_a_form_without_a_file_is_refused(client: Client) -> None:
    files = {"picture": ("a.jpg", pictures.jpeg((32, 24)))}
    assert wrong_fields(client.post("/v1/images", files=files)) <= {"file", "picture"}
    named = {"name": (None, "Harbour")}
    assert wrong_fields(client.post("/v1/images", files=named)) == {"file"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"colour": "red"}, "colour"),
        ({"status": "ready"}, "status"),
        ({"id": "0190"}, "id"),
        ({"account_id": "0190"}, "account_id"),
        ({"version": "9"}, "version"),
        ({"name": "x" * 256}, "name"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": ["a", "b"]}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"description": "a\0b"}, "description"),
        ({"tags": ["sea", "x" * 65]}, "tags.1"),
        ({"tags": ["sea", " "]}, "tags.1"),
        ({"tags": [str(n) for n in range(51)]}, "tags"),
        ({"visibility": "friends"}, "visibility"),
    ],
)
def test_a_field_that_is_wrong_is_refused_by_its_name(
    client: Client, fields: dict[str, Any], wrong: str
) -> None:
    files = {"file": ("a.jpg", pictures.jpeg((32, 24)))}
    answer = client.post("/v1/images", files=files, data=fields)
    assert wrong_fields(answer) == {wrong}
    for fault in answer.json()["errors"]:
        assert "xxxx" not in fault["message"]


@pytest.mark.parametrize("presets", [["nothing"], ["thumb", "Thumb"], ["original"], [""]])
def test_a_preset_that_does_not_exist_is_refused(client: Client, presets: list[str]) -> None:
    assert_problem(client.offer(pictures.jpeg(), presets=presets), 422, "unknown-preset")


def test_unknown_query_parameters_are_refused(client: Client) -> None:
    files = {"file": ("a.jpg", pictures.jpeg((32, 24)))}
    assert wrong_fields(client.post("/v1/images?private=1", files=files)) == {"private"}


@pytest.mark.parametrize(
    "content_type",
    ["image/jpeg", "application/json", "application/x-www-form-urlencoded", "multipart/mixed", ""],
)
def test_what_is_no_form_is_refused(client: Client, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = client.post("/v1/images", content=pictures.jpeg(), headers=headers)
    assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
def test_a_body_that_is_encoded_is_refused(client: Client, coding: str) -> None:
    files = {"file": ("a.jpg", pictures.jpeg())}
    answer = client.post("/v1/images", files=files, headers={"Content-Encoding": coding})
    assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer x.y.z", "Basic YTpi", "Token abc", "bearer é"],
)
def test_nobody_may_upload(place: Product, authorization: str | None) -> None:
    given = [] if authorization is None else [(b"Authorization", authorization.encode("latin-1"))]
    with Client(place.base_url) as stranger:
        files = {"file": ("a.jpg", pictures.jpeg())}
        answer = stranger.post("/v1/images", files=files, headers=given)
        assert_problem(answer, 401, "unauthenticated")


def test_a_token_that_was_changed_opens_nothing(place: Product, client: Client) -> None:
    head, body, signature = client.headers["Authorization"].removeprefix("Bearer ").split(".")
    flipped = ("A" if signature[9] != "A" else "B").join((signature[:9], signature[10:]))
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    with Client(place.base_url) as forger:
        for token in (
            f"{head}.{body}.{flipped}",
            f"{head}.{body}.",
            f"{head}.{body}",
            f"{none}.{body}.",
            f"{none}.{body}.{signature}",
            f"{body}.{head}.{signature}",
            f"{head}.{body}.{signature}.{signature}",
            "sl_" + "a" * 40,
        ):
            forger.headers["Authorization"] = f"Bearer {token}"
            answer = forger.offer(pictures.jpeg())
            assert_problem(answer, 401, "unauthenticated")
            assert_safe(answer)
    assert signature not in place.log.read_text()

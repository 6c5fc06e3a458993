"""Bodies that make no sense: each is refused, whatever is wrong with it."""

import pytest

from tests.client import Client
from tests.journeys import pictures, wire
from tests.journeys.answers import assert_problem

JSON = {"Content-Type": "application/json"}
MALFORMED = {
    "nothing": b"",
    "no end": b"{",
    "no JSON": b"{'name': 'a'}",
    "a key twice": b'{"name": "a", "name": "b"}',
    "an endless number": b'{"name": 1e400}',
    "no number": b'{"name": NaN}',
    "a mark of byte order": b'\xef\xbb\xbf{"name": "a"}',
    "no UTF-8": b'{"name": "\xff"}',
    "another UTF": '{"name": "a"}'.encode("utf-16"),
    "half a character": b'{"name": "\\ud800"}',
    "depth": b"[" * 10_000 + b"]" * 10_000,
    "depth of objects": b'{"name":' * 7_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_json_is_refused_wherever_it_comes(owner: Client, body: bytes) -> None:
    image = owner.upload(pictures.jpeg())
    for method, path in (
        ("POST", "/v1/auth/register"),
        ("PATCH", f"/v1/images/{image['id']}"),
        ("PUT", "/v1/presets/mine"),
        ("POST", f"/v1/images/{image['id']}/links"),
    ):
        answer = owner.request(method, path, content=body, headers=JSON)
        assert_problem(answer, 400, "malformed-json")


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "utf-7"])
def test_another_charset_is_refused(stranger: Client, charset: str) -> None:
    for path, kind in (
        ("/v1/auth/register", "application/json"),
        ("/v1/auth/token", "application/x-www-form-urlencoded"),
    ):
        headers = {"Content-Type": f"{kind}; charset={charset}"}
        answer = stranger.post(path, content=b"{}", headers=headers)
        assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("framing", ["Content-Length: 100000000", "Transfer-Encoding: chunked"])
def test_a_hundred_megabytes_of_json_are_refused_before_they_have_come(
    stranger: Client, framing: str
) -> None:
    lines = ("POST /v1/auth/register HTTP/1.1", "Host: localhost", "Content-Type: application/json")
    chunk = b'{"name": "' + b"x" * 65_536
    if framing.startswith("Transfer"):
        chunk = b"%x\r\n%s\r\n" % (len(chunk), chunk)
    with wire.connect(stranger) as connection:
        connection.sendall("\r\n".join((*lines, framing, "\r\n")).encode() + chunk)
        answer = wire.hear(connection)
    assert answer.status == 413
    assert b"/problems/body-too-large" in answer.body
    assert "connection: close" in answer.head

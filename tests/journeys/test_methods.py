"""`HEAD` wherever there is `GET`, `OPTIONS` everywhere, and whatever else is at an address."""

from typing import Any

import httpx
import pytest

from tests.client import Client
from tests.journeys import pictures, wire
from tests.journeys.answers import assert_problem, assert_safe

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
CHANGING = ("date", "x-request-id", "ratelimit")
HIDDEN = {"/": {"GET"}, "/openapi.json": {"GET"}, "/swagger/swagger-ui.css": {"GET"}}
UNKNOWN_ID = "0190a5c0-1234-7abc-8def-0123456789ab"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def image(owner: Client) -> Json:
    return owner.upload_and_wait(pictures.jpeg())


def _addresses(client: Client, image_id: str = UNKNOWN_ID) -> dict[str, set[str]]:
    """Every address, with the methods that it takes."""
    paths = client.get("/openapi.json").json()["paths"]
    found = {
        path.replace("{image_id}", image_id)
        .replace("{what}", "thumb")
        .replace("{name}", "thumb"): {method.upper() for method in operations}
        for path, operations in paths.items()
    }
    return {path: taken for path, taken in (found | HIDDEN).items() if "{" not in path}


def test_every_address_tells_what_it_takes_to_whoever_asks(stranger: Client) -> None:
    for path, taken in _addresses(stranger).items():
        answer = stranger.options(path)
        assert (answer.status_code, answer.content) == (204, b""), path
        more = {"HEAD", "OPTIONS"} if "GET" in taken else {"OPTIONS"}
        assert set(answer.headers["allow"].split(", ")) == taken | more, path
        assert_safe(answer)


def test_a_method_that_is_not_taken_is_refused_before_anybody_is_asked_who_they_are(
    stranger: Client,
) -> None:
    for path, taken in _addresses(stranger).items():
        allowed = stranger.options(path).headers["allow"]
        for method in METHODS - set(allowed.split(", ")):
            answer = stranger.request(method, path)
            assert answer.status_code == 405, (method, path)
            assert answer.headers["allow"] == allowed
            if method != "HEAD":
                assert_problem(answer, 405, "method-not-allowed")
        assert taken <= set(allowed.split(", "))


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "LINK"])
def test_a_method_of_which_nobody_has_heard_is_refused(stranger: Client, method: str) -> None:
    assert_problem(stranger.request(method, "/v1/images"), 405, "method-not-allowed")
    assert_problem(stranger.request(method, "/nothing"), 404, "not-found")


def test_head_tells_of_every_address_what_get_would(owner: Client, image: Json) -> None:
    for path, taken in _addresses(owner, image["id"]).items():
        if "GET" in taken:
            whole, head = owner.get(path), owner.head(path)
            assert (head.status_code, head.content) == (whole.status_code, b""), path
            assert _lasting(head) == _lasting(whole), path
        else:
            assert owner.head(path).status_code == 405


def test_head_of_what_is_refused_says_the_same_without_a_body(
    stranger: Client, owner: Client
) -> None:
    assert stranger.head("/v1/images").status_code == 401
    assert owner.head(f"/v1/images/{UNKNOWN_ID}").status_code == 404
    assert owner.head("/v1/images", params={"limit": 0}).status_code == 422
    etag = owner.head("/v1/images").headers["etag"]
    assert owner.head("/v1/images", headers={"If-None-Match": etag}).status_code == 304


def test_options_of_nothing_is_nothing(stranger: Client) -> None:
    for path in ("/nothing", "/v1/images/", "/v1", "/i/x"):
        assert_problem(stranger.options(path), 404, "not-found")


@pytest.mark.parametrize(
    "path",
    [
        "//v1/images",
        "/v1//images",
        "/v1/images;a=b",
        "/v1/images/..%2fpresets",
        "/v1/images/%2e%2e/presets",
        "/v1/./images",
        "/v1/images%00",
        "/v1/images%ff",
        "/v1/images%0d%0aX:%20y",
        "/v1%2fimages%2f",
        "/V1/IMAGES",
        "/v1/images/" + "x" * 20_000,
        "/i/" + "%2e%2e%2f" * 100 + "etc/passwd",
        "/swagger/..%2f..%2fpyproject.toml",
        "/swagger/%00",
        "/%",
        "/%zz",
        "/\\..\\",
        "/metrics/",
        "/docs",
        "/redoc",
        "/debug",
        "/admin",
        "/.env",
    ],
)
def test_an_odd_address_is_nothing(owner: Client, path: str) -> None:
    with wire.connect(owner) as connection:
        token = owner.headers["Authorization"]
        lines = ("Host: localhost", f"Authorization: {token}", "Connection: close")
        connection.sendall("\r\n".join((f"GET {path} HTTP/1.1", *lines, "\r\n")).encode())
        answer = wire.hear(connection)
    assert answer.status == 404
    assert "content-type: application/problem+json" in answer.head
    assert "x: y" not in answer.head
    assert b"passwd" not in answer.body


@pytest.mark.parametrize("sign", ["X", ":", "%3F", "%23"])
def test_an_address_that_is_almost_that_of_an_image_is_nothing(
    owner: Client, image: Json, sign: str
) -> None:
    for _ in range(2):  # the second time the token is known
        assert owner.get(f"/v1/images/{image['id']}").status_code == 200
        assert_problem(owner.get(f"/v1/images{sign}{image['id']}"), 404, "not-found")


def _lasting(answer: httpx.Response) -> Json:
    return {n: v for n, v in answer.headers.items() if n not in CHANGING}

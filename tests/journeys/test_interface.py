"""The documentation, the health pages, and what holds for every answer."""

import re
from typing import Any

import pytest

from tests.client import Client
from tests.journeys.answers import PROBLEM, assert_problem, assert_safe
from tests.product import wait_for

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LATER = (
    "/v1/events",
    "/gallery",
    "/asyncapi",
    "/asyncapi.json",
)

REFUSALS = (
    "file-too-large",
    "unsupported-image",
    "image-too-large",
    "corrupt-image",
    "empty-file",
    "unknown-preset",
    "quota-exceeded",
    "queue-full",
    "validation-failed",
)

Json = dict[str, Any]


@pytest.fixture
def openapi(stranger: Client) -> Json:
    answer = stranger.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    document: Json = answer.json()
    return document


def test_the_documentation_needs_nothing_but_the_product(stranger: Client) -> None:
    page = stranger.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert_safe(page)
    assert not re.findall(r"(?:https?:)?//[a-z0-9]", page.text)
    parts = re.findall(r"(?:src|href)=[\"']([^\"']+)", page.text)
    assert len(parts) >= 2
    for part in parts:
        answer = stranger.get(f"/{part}")
        assert answer.status_code == 200
        assert len(answer.content) > 500
        assert_safe(answer)
    types = {stranger.get(f"/{part}").headers["content-type"].partition(";")[0] for part in parts}
    assert {"text/javascript", "text/css"} <= types
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "openapi.json" in page.text


def test_the_description_is_whole(openapi: Json) -> None:
    assert openapi["openapi"].startswith("3.")
    assert openapi["info"]["title"] == "Safelight"
    for reference in _references(openapi):
        target: Any = openapi
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    operations = _operations(openapi)
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(operation.get("summary") for _, _, operation in operations)


def test_every_route_names_its_failures(openapi: Json) -> None:
    for method, path, operation in _operations(openapi):
        responses = operation["responses"]
        for status, response in responses.items():
            if status.startswith("4"):
                assert PROBLEM in response["content"], (method, path, status)
                assert re.match(r"`[a-z-]+`", response["description"])
        if path.startswith("/health"):
            continue
        if path.startswith(("/v1/images", "/v1/presets", "/v1/auth/me", "/v1/auth/keys", "/i/")):
            assert "`unauthenticated`" in responses["401"]["description"]
            assert operation["security"]
        if "{image_id}" in path:
            assert "`image-not-found`" in responses["404"]["description"]


def test_the_upload_names_every_way_to_be_refused(openapi: Json) -> None:
    told = str(openapi["paths"]["/v1/images"]["post"]["responses"])
    for code in REFUSALS:
        assert f"`{code}`" in told


def test_what_is_not_built_yet_is_absent(stranger: Client, openapi: Json) -> None:
    for path in (*LATER, "/nothing", "/v1", "/v1/", "/v2/images", "/docs", "/.git/config"):
        assert path not in openapi["paths"]
        assert_problem(stranger.get(path), 404, "not-found")
    for path in ("/v1/images/", "/V1/images", "/i/x/y/z", "/swagger/..%2f..%2fapp.py"):
        assert_problem(stranger.get(path), 404, "not-found")


def test_another_method_is_refused_with_those_that_are_taken(
    stranger: Client, openapi: Json
) -> None:
    for path, operations in openapi["paths"].items():
        taken = {method.upper() for method in operations}
        address = path.format(
            image_id="0190a5c0-1234-7abc-8def-0123456789ab",
            what="thumb",
            name="thumb",
            key_id="0190a5c0-1234-7abc-8def-0123456789ab",
        )
        for method in {*METHODS} - taken:
            answer = stranger.request(method, address)
            assert_problem(answer, 405, "method-not-allowed")
            assert set(answer.headers["allow"].split(", ")) >= taken


@pytest.mark.parametrize("sane", ["abc", "0190a5c0-1234", "A.b_c-9", "x" * 128])
def test_a_sane_request_id_comes_back(stranger: Client, sane: str) -> None:
    for path in ("/health/live", "/nothing", "/v1/images"):
        answer = stranger.get(path, headers={"X-Request-ID": sane})
        assert answer.headers["x-request-id"] == sane
        assert answer.status_code == 200 or answer.json()["request_id"] == sane


@pytest.mark.parametrize("mad", ["", "a b", "x" * 129, "<script>", 'a"b', "é", "a,b"])
def test_a_mad_request_id_is_replaced(stranger: Client, mad: str) -> None:
    answer = stranger.get("/nothing", headers={b"X-Request-ID": mad.encode("latin-1")})
    assert answer.headers["x-request-id"] not in ("", mad)
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_every_answer_is_safe(ann: Client) -> None:
    etag = ann.get("/v1/images").headers["etag"]
    for answer in (
        ann.get("/health/live"),
        ann.get("/v1/images", headers={"If-None-Match": etag}),
        ann.get("/nothing"),
        ann.put("/v1/images"),
        ann.post("/v1/images"),
        ann.post("/v1/auth/register", json={}),
        ann.head("/i/x/y"),
        ann.options("/v1/images"),
        ann.get("/", headers={"Origin": "https://evil.example"}),
    ):
        assert_safe(answer)
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


def test_the_product_tells_how_it_is(stranger: Client) -> None:
    assert stranger.get("/health/live").json() == {"status": "ok"}

    def is_well() -> bool:
        ready = stranger.get("/health/ready")
        return (ready.status_code, ready.json()["status"]) == (200, "ok")

    wait_for("it to be ready", is_well)


def test_the_built_in_presets_are_listed(ann: Client) -> None:
    presets = ann.get("/v1/presets").json()["items"]
    assert {"thumb", "small", "preview", "grayscale"} == {preset["name"] for preset in presets}


@pytest.mark.parametrize(
    ("account", "wrong"),
    [
        ({"username": "ab"}, "username"),
        ({"username": "a" * 33}, "username"),
        ({"username": "Ann"}, "username"),
        ({"username": "ann smith"}, "username"),
        ({"username": "ann\n"}, "username"),
        ({"email": "ann"}, "email"),
        ({"email": "ann@"}, "email"),
        ({"email": "ann@example"}, "email"),
        ({"email": "a" * 65 + "@example.com"}, "email"),
        ({"password": "a" * 9}, "password"),
        ({"password": "a" * 129}, "password"),
        ({"password": None}, "password"),
        ({"is_admin": True}, "is_admin"),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(
    stranger: Client, account: Json, wrong: str
) -> None:
    good = {"username": "annabel", "email": "annabel@example.com", "password": "a" * 10}
    answer = stranger.post("/v1/auth/register", json=good | account)
    assert_problem(answer, 422, "validation-failed")
    assert {fault["field"] for fault in answer.json()["errors"]} == {wrong}
    assert "aaaaaaaaa" not in answer.text


def test_a_refresh_token_is_good_for_one_pair_and_its_theft_ends_all(ann: Client) -> None:
    form = {"grant_type": "password", "username": ann.username, "password": "correct horse battery"}
    first = ann.post("/v1/auth/token", data=form).json()["refresh_token"]

    def refresh(token: str) -> Any:
        return ann.post(
            "/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": token}
        )

    second = refresh(first).json()["refresh_token"]
    assert second != first
    assert_problem(refresh(first), 401, "invalid-refresh-token")
    assert_problem(refresh(second), 401, "invalid-refresh-token")
    ann.headers["Authorization"] = f"Bearer {second}"
    assert_problem(ann.get("/v1/auth/me"), 401, "unauthenticated")


def _operations(openapi: Json) -> list[tuple[str, str, Json]]:
    return [
        (method, path, operation)
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    ]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []

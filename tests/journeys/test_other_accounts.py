"""Another account sees nothing: what belongs to somebody else answers as what does not exist."""

import re
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, said_of

RANDOM_ID = str(UUID(int=0x0190A5C0_1234_7ABC_8DEF_0123456789AB))
BODIES: dict[str, Any] = {
    "PATCH": {"json": {"name": "mine"}},
    "POST": {"json": {}},
    "PUT": {"json": {}},
}
WHATS = ("original", "thumb", "small", "preview", "grayscale", "nothing", "width=300")

Json = dict[str, Any]


@pytest.fixture(scope="module")
def image(owner: Client) -> Json:
    return owner.upload_and_wait(pictures.jpeg(), tags=["sea"])


@pytest.fixture(scope="module")
def preset(owner: Client) -> str:
    body = {"transformation": {"width": 50}, "on_upload": False}
    assert owner.put("/v1/presets/mine", json=body).status_code == 201
    return "mine"


@pytest.fixture(scope="module")
def key(owner: Client) -> str:
    body = {"name": "mine", "scopes": ["images:read"]}
    answer = owner.post("/v1/auth/keys", json=body)
    assert answer.status_code == 201
    return str(answer.json()["id"])


class Route(NamedTuple):
    """A method at an address that is for an account."""

    method: str
    path: str

    def asked(self, client: Client, names: dict[str, str], **headers: str) -> httpx.Response:
        path = self.path.format(**names)
        return client.request(self.method, path, headers=headers, **BODIES.get(self.method, {}))


def _routes(client: Client) -> list[Route]:
    """All but those for anyone, each `GET` also as `HEAD`; no route is left out of this."""
    paths = client.get("/openapi.json").json()["paths"]
    found = {
        Route(taken, path)
        for path, operations in paths.items()
        for method, operation in operations.items()
        for taken in ((method.upper(), "HEAD") if method == "get" else (method.upper(),))
        if "security" in operation
    }
    assert {path for _, path in found} >= {"/v1/images", "/v1/images/{image_id}", "/v1/auth/me"}
    return sorted(found)


def _names(route: Route, owned: Json, other: Json) -> list[tuple[dict[str, str], dict[str, str]]]:
    """What is another account's in this address, beside what does not exist at all."""
    wanted = set(re.findall(r"{(\w+)}", route.path))
    if not wanted:
        return []
    if "image_id" in wanted:
        more: list[dict[str, str]] = [{"name": "thumb"}]
        if "what" in wanted:
            more = [{"what": what} for what in WHATS]
        return [({**owned, **each}, {**other, **each}) for each in more]
    unknown = wanted - set(owned)
    assert not unknown, f"say above what {unknown} in {route.path} is of another account"
    return [(owned, other)]


def lasting(image: Json) -> Json:
    """What is the same also after the full hour, when its links are others."""
    variants = [variant | {"url": ""} for variant in image["variants"]]
    return image | {"url": "", "variants": variants}


def test_every_route_answers_for_what_is_another_s_as_for_nothing(
    owner: Client, image: Json, preset: str, key: str, bob: Client
) -> None:
    owned = {"image_id": image["id"], "name": preset, "key_id": key}
    other = {"image_id": RANDOM_ID, "name": "none", "key_id": RANDOM_ID}
    for route in _routes(bob):
        for mine, none in _names(route, owned, other):
            for headers in ({}, {"If-None-Match": "*"}, {"If-Match": '"9"'}):
                answer, nothing = (route.asked(bob, names, **headers) for names in (mine, none))
                assert said_of(answer) == said_of(nothing), route
                refused = 422 if route == ("PUT", "/v1/presets/{name}") else 404
                assert answer.status_code == refused, route
                if "image_id" in route.path and route.method != "HEAD":
                    assert_problem(answer, 404, "image-not-found")
    assert lasting(owner.image(image["id"])) == lasting(image)
    assert owner.get("/v1/presets").json()["items"][-1]["name"] == preset
    assert [each["id"] for each in owner.get("/v1/auth/keys").json()["items"]] == [key]


def test_no_route_without_an_id_tells_of_another_account(
    owner: Client, image: Json, preset: str, bob: Client
) -> None:
    for route in _routes(bob):
        if "{" not in route.path:
            answer = route.asked(bob, {})
            assert answer.status_code < 500, route
            told = answer.text + str(answer.headers)
            for secret in (image["id"], image["sha256"], owner.username, '"mine"'):
                assert secret not in told, route
    assert lasting(owner.image(image["id"])) == lasting(image)


def test_every_route_answers_nobody_the_same_whatever_is_named(
    image: Json, preset: str, key: str, stranger: Client
) -> None:
    named = [
        {"image_id": an_image, "key_id": a_key}
        for an_image, a_key in ((image["id"], key), (RANDOM_ID, RANDOM_ID), ("no-id", "no-id"))
    ]
    for route in _routes(stranger):
        for what in WHATS if "{what}" in route.path else ("",):
            for name in (preset, "thumb", "none"):
                answers = [
                    route.asked(stranger, {**each, "what": what, "name": name}) for each in named
                ]
                assert {answer.status_code for answer in answers} == {401}, (route, what)
                assert said_of(answers[0]) == said_of(answers[1]) == said_of(answers[2])
                if "{name}" not in route.path:
                    break


def test_what_is_no_id_is_no_image(ann: Client) -> None:
    for wrong in ("no-id", "0", "a" * 300, "%2e%2e%2e", RANDOM_ID.upper(), "é"):
        assert_problem(ann.get(f"/i/{wrong}/thumb"), 404, "image-not-found")
        assert_problem(ann.get(f"/v1/images/{wrong}"), 404, "image-not-found")


def test_the_entity_tags_of_one_account_tell_another_nothing(
    owner: Client, image: Json, bob: Client
) -> None:
    """Also when the owner has just filled every cache."""
    for path in (f"/v1/images/{image['id']}", f"/i/{image['id']}/thumb", "/v1/images"):
        etag = owner.get(path).headers["etag"]
        answer = bob.get(path, headers={"If-None-Match": etag})
        assert answer.status_code == (200 if path == "/v1/images" else 404)
        if path == "/v1/images":
            assert answer.json() == {"items": [], "next_cursor": None}


def test_lists_and_usage_are_one_s_own(owner: Client, image: Json, bob: Client) -> None:
    mine = bob.upload(pictures.jpeg(number=3))
    assert [i["id"] for i in bob.all_images()] == [mine["id"]]
    assert [i["id"] for i in owner.all_images()] == [image["id"]]
    usage = bob.get("/v1/auth/me").json()["usage"]
    assert (usage["images"], usage["bytes"]) == (1, mine["size"])


def test_a_stranger_s_id_can_not_be_taken_over_in_an_upload(
    owner: Client, image: Json, bob: Client
) -> None:
    for field in ("id", "account_id", "owner_id", "path", "sha256", "status", "created_at"):
        answer = bob.offer(pictures.jpeg(), **{field: image["id"]})
        assert_problem(answer, 422, "validation-failed")
    assert bob.all_images() == []


def test_the_same_bytes_in_two_accounts_are_two_pictures(
    owner: Client, image: Json, bob: Client
) -> None:
    mine = bob.upload_and_wait(pictures.jpeg())
    assert mine["sha256"] == image["sha256"]
    assert bob.delete(f"/v1/images/{mine['id']}").status_code == 204
    assert owner.get(image["url"]).content == pictures.jpeg()
    assert owner.get(image["variants"][0]["url"]).status_code == 200


def test_a_private_answer_may_not_be_kept_for_others(owner: Client, image: Json) -> None:
    for what in ("original", "thumb"):
        assert owner.get(f"/i/{image['id']}/{what}").headers["cache-control"].startswith("private")
    for path in ("/v1/images", f"/v1/images/{image['id']}", "/v1/auth/me"):
        assert "public" not in owner.get(path).headers.get("cache-control", "")

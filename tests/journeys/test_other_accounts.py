"""Another account sees nothing: what belongs to somebody else answers as what does not exist."""

from typing import Any
from uuid import UUID

import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, said_of

RANDOM_ID = str(UUID(int=0x0190A5C0_1234_7ABC_8DEF_0123456789AB))
BODIES: dict[str, Any] = {"PATCH": {"json": {"name": "mine"}}, "POST": {"json": {}}}
WHATS = ("original", "thumb", "small", "preview", "grayscale", "nothing", "width=300")

Json = dict[str, Any]


@pytest.fixture(scope="module")
def image(owner: Client) -> Json:
    return owner.upload_and_wait(pictures.jpeg(), tags=["sea"])


def _item_routes(client: Client) -> list[tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path)
        for path, operations in paths.items()
        for method in operations
        if "{image_id}" in path
    ]


def test_every_route_answers_for_another_s_image_as_for_none(
    owner: Client, image: Json, bob: Client
) -> None:
    routes = _item_routes(bob)
    assert {("GET", "/v1/images/{image_id}"), ("PATCH", "/v1/images/{image_id}")} <= set(routes)
    for method, path in routes:
        for what in WHATS if "{what}" in path else ("",):
            for headers in ({}, {"If-None-Match": "*"}, {"If-Match": '"9"'}):
                answers = [
                    bob.request(
                        method,
                        path.format(image_id=image_id, what=what, name="thumb"),
                        headers=headers,
                        **BODIES.get(method, {}),
                    )
                    for image_id in (image["id"], RANDOM_ID)
                ]
                assert answers[0].status_code == 404, (method, path, what)
                if method != "HEAD":
                    assert_problem(answers[0], 404, "image-not-found")
                assert said_of(answers[0]) == said_of(answers[1])
    assert owner.image(image["id"]) == image


def test_every_route_answers_nobody_the_same_whatever_the_id(image: Json, stranger: Client) -> None:
    for method, path in _item_routes(stranger):
        for what in WHATS if "{what}" in path else ("",):
            answers = [
                stranger.request(
                    method,
                    path.format(image_id=image_id, what=what, name="thumb"),
                    **BODIES.get(method, {}),
                )
                for image_id in (image["id"], RANDOM_ID, "no-id")
            ]
            assert {answer.status_code for answer in answers} == {401}, (method, path, what)
            assert said_of(answers[0]) == said_of(answers[1]) == said_of(answers[2])


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

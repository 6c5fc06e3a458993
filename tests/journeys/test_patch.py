"""Changing what is said of a picture."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, wrong_fields

STALE = {"If-Match": '"0-0123456789abcdef"'}
NOWHERE = "/v1/images/0190a5c0-1234-7abc-8def-0123456789ab"

Json = dict[str, Any]


@pytest.fixture
def image(owner: Client) -> Json:
    image = owner.upload_and_wait(pictures.jpeg((64, 48)), "harbour.jpg", tags=["Sea"])
    assert (image["name"], image["description"], image["version"]) == ("harbour.jpg", "", 1)
    return image


def _patch(client: Client, image: Json, change: Any, **headers: str) -> httpx.Response:
    return client.patch(f"/v1/images/{image['id']}", json=change, headers=headers)


def test_everything_that_may_be_changed_is_changed(owner: Client, image: Json) -> None:
    change = {
        "name": " Abend 🌅 ",
        "description": "Two lines\nof it",
        "tags": [" Sea ", "sea", "SEA", "boats", "Łódź"],
        "visibility": "public",
    }
    answer = _patch(owner, image, change)
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["name"] == "Abend 🌅"
    assert changed["description"] == "Two lines\nof it"
    assert changed["tags"] == ["Sea", "boats", "Łódź"]
    assert changed["visibility"] == "public"
    assert changed["version"] == 2
    assert changed["updated_at"] > image["updated_at"]
    assert owner.image(image["id"]) == changed
    told = ("name", "description", "tags", "visibility", "version", "updated_at")
    assert {k: v for k, v in changed.items() if k not in told} == {
        k: v for k, v in image.items() if k not in told
    }


@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
def test_what_is_not_named_stays(owner: Client, image: Json, media_type: str) -> None:
    headers = {"Content-Type": f"{media_type}; charset=utf-8"}
    path = f"/v1/images/{image['id']}"
    answer = owner.patch(path, content=b'{"description": "new"}', headers=headers)
    assert answer.json()["description"] == "new"
    assert (answer.json()["name"], answer.json()["tags"]) == ("harbour.jpg", ["Sea"])


def test_null_empties_a_description_and_nothing_else(owner: Client, image: Json) -> None:
    _patch(owner, image, {"description": "something"})
    assert _patch(owner, image, {"description": None}).json()["description"] == ""
    for field in ("name", "tags", "visibility"):
        assert field in {f.partition(".")[0] for f in wrong_fields(_null(owner, image, field))}
    assert _patch(owner, image, {"tags": []}).json()["tags"] == []


def _null(owner: Client, image: Json, field: str) -> httpx.Response:
    return _patch(owner, image, {field: None})


def test_a_change_that_changes_nothing_is_no_new_version(owner: Client, image: Json) -> None:
    before = owner.get(f"/v1/images/{image['id']}")
    for change in ({}, {"name": "harbour.jpg"}, {"tags": ["Sea"]}, {"description": None}):
        answer = _patch(owner, image, change)
        assert answer.status_code == 200
        assert answer.json() == image
        assert answer.headers["etag"] == before.headers["etag"]


def test_a_change_of_an_old_version_is_refused(owner: Client, image: Json) -> None:
    path = f"/v1/images/{image['id']}"
    first = owner.get(path).headers["etag"]
    second = _patch(owner, image, {"name": "two"}, **{"If-Match": first})
    assert second.status_code == 200
    assert second.headers["etag"] == owner.get(path).headers["etag"] != first
    assert_problem(_patch(owner, image, {"name": "x"}, **{"If-Match": first}), 412, _MISMATCH)
    assert owner.image(image["id"])["name"] == "two"
    for good in (second.headers["etag"], "*", f"{first}, {second.headers['etag']}"):
        assert _patch(owner, image, {"name": "two"}, **{"If-Match": good}).status_code == 200
    for bad in ('"nonsense"', "", '"", ""', f"W/{second.headers['etag']}"):
        assert_problem(_patch(owner, image, {"name": "x"}, **{"If-Match": bad}), 412, _MISMATCH)


_MISMATCH = "version-mismatch"


def test_the_tag_of_the_upload_still_holds_when_the_picture_is_ready(owner: Client) -> None:
    answer = owner.offer(pictures.jpeg((64, 48), 1))
    owner.processed(answer.json()["id"])
    changed = _patch(owner, answer.json(), {"name": "x"}, **{"If-Match": answer.headers["etag"]})
    assert changed.status_code == 200


def test_of_many_changes_of_one_version_one_wins(owner: Client, image: Json) -> None:
    etag = owner.get(f"/v1/images/{image['id']}").headers["etag"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda n: _patch(owner, image, {"name": f"n{n}"}, **{"If-Match": etag}), range(20)
            )
        )
    assert sorted(a.status_code for a in answers) == [200] + [412] * 19
    winner = next(a for a in answers if a.status_code == 200).json()
    assert owner.image(image["id"]) == winner
    assert winner["version"] == 2


def test_every_change_is_one_version(owner: Client, image: Json) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: _patch(owner, image, {"name": f"n{n}"}), range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 32))
    assert owner.image(image["id"])["version"] == 31


def test_of_a_hundred_increments_at_once_none_is_lost(owner: Client, image: Json) -> None:
    """Each reads, adds one, and tries again when somebody was quicker."""
    path = f"/v1/images/{image['id']}"
    assert _patch(owner, image, {"description": "0"}).status_code == 200

    def increment(_number: int) -> int:
        while True:
            read = owner.get(path)
            change = {"description": str(int(read.json()["description"]) + 1)}
            answer = _patch(owner, image, change, **{"If-Match": read.headers["etag"]})
            if answer.status_code == 200:
                version: int = answer.json()["version"]
                return version
            assert_problem(answer, 412, _MISMATCH)

    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(increment, range(100)))
    assert sorted(versions) == list(range(3, 103))
    after = owner.image(image["id"])
    assert (after["description"], after["version"]) == ("100", 102)


def test_nothing_that_only_the_product_may_say_is_taken(
    owner: Client, image: Json, stranger: Client
) -> None:
    """Each field of an answer, and what others have called such fields."""
    schemas = owner.get("/openapi.json").json()["components"]["schemas"]
    ours = {"name", "description", "tags", "visibility"}
    fields = set(schemas["Image"]["properties"]) - ours
    assert {"id", "status", "version", "created_at", "variants", "path", "url"} <= fields
    for field in fields | {"owner_id", "account_id", "is_admin", "object_key", "deleted_at"}:
        value = image.get(field, "mine")
        change = {"name": "taken", field: value}
        assert wrong_fields(_patch(owner, image, change)) == {field}
        told = {field: "mine", "description": "taken"}
        assert field in wrong_fields(owner.offer(pictures.jpeg((64, 48)), **told))
    account = {"username": "mallory", "email": "m@example.com", "password": "correct horse"}
    for field in set(schemas["Account"]["properties"]) - {"username", "email"} | {"is_admin"}:
        answer = stranger.post("/v1/auth/register", json=account | {field: "mine"})
        assert wrong_fields(answer) == {field}
    assert owner.image(image["id"]) == image


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": 5}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"description": ["x"]}, "description"),
        ({"tags": "sea"}, "tags"),
        ({"tags": ["ok", ""]}, "tags.1"),
        ({"tags": ["ok", "x" * 65]}, "tags.1"),
        ({"tags": ["ok", None]}, "tags.1"),
        ({"tags": [str(n) for n in range(51)]}, "tags"),
        ({"visibility": "friends"}, "visibility"),
        ({"id": "x"}, "id"),
        ({"status": "ready"}, "status"),
        ({"version": 7}, "version"),
        ({"account_id": "x"}, "account_id"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"variants": []}, "variants"),
        ({"name": "good", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_change_is_refused_whole(
    owner: Client, image: Json, change: Json, field: str
) -> None:
    assert wrong_fields(_patch(owner, image, change)) == {field}
    assert owner.image(image["id"]) == image


@pytest.mark.parametrize("body", [b"", b"{", b"{'name': 'x'}", b'{"name": "x"', b"\xff", b"nope"])
def test_what_is_no_json_is_refused(owner: Client, image: Json, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = owner.patch(f"/v1/images/{image['id']}", content=body, headers=headers)
    assert_problem(answer, 400, "malformed-json")


@pytest.mark.parametrize("body", [b"[]", b'"name"', b"null", b"7", b"[" * 10_000])
def test_json_that_is_no_object_is_refused(owner: Client, image: Json, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = owner.patch(f"/v1/images/{image['id']}", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert_problem(answer, answer.status_code, answer.json()["type"].removeprefix("/problems/"))


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "", "multipart/form-data"])
def test_another_media_type_is_refused(owner: Client, image: Json, media_type: str) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    answer = owner.patch(f"/v1/images/{image['id']}", content=b"{}", headers=headers)
    assert_problem(answer, 415, "unsupported-media-type")


def test_what_is_wrong_is_told_in_order(owner: Client, image: Json, stranger: Client) -> None:
    path = f"/v1/images/{image['id']}"
    wrong: Json = {"json": {"colour": "red"}}
    broken: Json = {"content": b"{", "headers": {"Content-Type": "text/plain"} | STALE}
    assert stranger.put(path, **broken).status_code == 405
    assert_problem(stranger.patch(path, **broken), 401, "unauthenticated")
    assert_problem(stranger.patch(NOWHERE, **broken), 401, "unauthenticated")
    assert_problem(owner.patch(NOWHERE, **broken), 404, "image-not-found")
    assert_problem(owner.patch(NOWHERE, headers=STALE, **wrong), 404, "image-not-found")
    assert_problem(owner.patch(path, headers=STALE, **wrong), 412, _MISMATCH)
    assert_problem(owner.patch(path, **broken), 412, _MISMATCH)
    assert_problem(owner.patch(path, **wrong), 422, "validation-failed")


def test_unknown_query_parameters_are_refused(owner: Client, image: Json) -> None:
    answer = owner.patch(f"/v1/images/{image['id']}?force=1", json={"name": "x"})
    assert wrong_fields(answer) == {"force"}

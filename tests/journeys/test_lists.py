"""Finding one's pictures again."""

from typing import Any
from uuid import UUID

import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, wrong_fields

COUNT = 7

Json = dict[str, Any]


@pytest.fixture(scope="module")
def images(owner: Client) -> list[Json]:
    """Newest first."""
    sent = [owner.upload(pictures.jpeg((64, 48), n), f"{n}.jpg") for n in range(COUNT)]
    return [owner.processed(image["id"]) for image in reversed(sent)]


def test_the_list_is_newest_first_and_tells_what_the_item_tells(
    owner: Client, images: list[Json]
) -> None:
    page = owner.get("/v1/images").json()
    assert page == {"items": images, "next_cursor": None}
    assert [image["name"] for image in images] == [f"{n}.jpg" for n in reversed(range(COUNT))]
    assert {UUID(image["id"]).version for image in images} == {7}


@pytest.mark.parametrize("limit", [1, 3, COUNT])
def test_the_walk_by_cursor_has_no_gap_and_no_repeat(
    owner: Client, images: list[Json], limit: int
) -> None:
    walked, url = [], f"/v1/images?limit={limit}"
    while url:
        answer = owner.get(url)
        assert len(answer.json()["items"]) <= limit
        walked += [image["id"] for image in answer.json()["items"]]
        url = answer.links.get("next", {}).get("url", "")
        assert bool(url) == bool(answer.json()["next_cursor"])
    assert walked == [image["id"] for image in images]


def test_what_comes_and_goes_during_a_walk_disturbs_nothing_else(ann: Client) -> None:
    ids = [ann.upload(pictures.jpeg((32, 24), n))["id"] for n in range(6)][::-1]
    first = ann.get("/v1/images", params={"limit": 2}).json()
    newer = ann.upload(pictures.jpeg((32, 24), 6))["id"]
    assert ann.delete(f"/v1/images/{ids[1]}").status_code == 204
    assert ann.delete(f"/v1/images/{ids[3]}").status_code == 204
    rest = ann.get("/v1/images", params={"limit": 200, "cursor": first["next_cursor"]}).json()
    assert [image["id"] for image in rest["items"]] == [ids[2], ids[4], ids[5]]
    assert [image["id"] for image in ann.all_images()] == [newer, ids[0], ids[2], ids[4], ids[5]]


def test_an_item_and_a_list_that_are_known_already_are_not_sent_again(
    owner: Client, images: list[Json]
) -> None:
    for path in ("/v1/images", f"/v1/images/{images[0]['id']}"):
        answer = owner.get(path)
        etag = answer.headers["etag"]
        assert etag.startswith('"')
        again = owner.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag


def test_a_change_is_seen_at_once(owner: Client, images: list[Json]) -> None:
    path = f"/v1/images/{images[0]['id']}"
    before = owner.get("/v1/images").headers["etag"], owner.get(path).headers["etag"]
    for number in range(20):
        assert owner.patch(path, json={"description": str(number)}).status_code == 200
        assert owner.get(path).json()["description"] == str(number)
        assert owner.get("/v1/images").json()["items"][0]["description"] == str(number)
    for url, etag in zip(("/v1/images", path), before, strict=True):
        assert owner.get(url, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("limit=NaN", "limit"),
        ("limit=1e2", "limit"),
        ("colour=red", "colour"),
        ("limit=5&limit=6", "limit"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(owner: Client, query: str, field: str) -> None:
    assert field in wrong_fields(owner.get(f"/v1/images?{query}"))


def test_a_cursor_that_was_not_made_here_is_refused(
    owner: Client, images: list[Json], bob: Client
) -> None:
    cursor = owner.get("/v1/images", params={"limit": 2}).json()["next_cursor"]
    flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for forged in (flipped, cursor[:-1], cursor + "A", "' OR 1=1", "0", "é", "%00"):
        answer = owner.get("/v1/images", params={"cursor": forged})
        assert_problem(answer, 422, "bad-cursor")
    assert_problem(bob.get("/v1/images", params={"cursor": cursor}), 422, "bad-cursor")

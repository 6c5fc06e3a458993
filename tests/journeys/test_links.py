"""Links that an owner hands on: to one thing, until they expire."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from safelight.image_app.links import Links
from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, wrong_fields
from tests.product import Product

NOBODY = "00000000-0000-7000-8000-000000000000"
HALF = {"width": 240, "format": "webp"}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def image(owner: Client) -> Json:
    return owner.upload_and_wait(pictures.jpeg())


def link(client: Client, image: Json, **asked: Any) -> Json:
    body = {"expires_in": 600} | asked
    answer = client.post(f"/v1/images/{image['id']}/links", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    assert set(made) == {"url", "expires_at"}
    return made


def test_a_link_shows_just_what_was_asked_for_without_a_header(
    owner: Client, image: Json, stranger: Client
) -> None:
    for asked, sides in (
        ({"variant": "thumb"}, (100, 100)),
        ({"variant": "original"}, (480, 320)),
        ({"transformation": HALF}, (240, 160)),
        ({"transformation": {}}, (480, 320)),
        ({"transformation": {"crop": [0, 0, 0.5, 0.5], "rotate": 90}}, (160, 240)),
    ):
        answer = stranger.get(link(owner, image, **asked)["url"])
        assert answer.status_code == 200, answer.text
        assert pictures.opened(answer.content).size == sides


@pytest.mark.parametrize("asked", [{"variant": "thumb"}, {"transformation": HALF}])
@pytest.mark.parametrize("seconds", [60, 604_800])
def test_a_link_expires_to_the_second_and_is_kept_until_then(
    owner: Client, image: Json, stranger: Client, asked: Json, seconds: int
) -> None:
    before = datetime.now(UTC)
    made = link(owner, image, **asked, expires_in=seconds)
    after = datetime.now(UTC)
    ends = datetime.fromisoformat(made["expires_at"])
    life, second = timedelta(seconds=seconds), timedelta(seconds=1)
    assert before + life - second <= ends <= after + life + second
    query = parse_qs(urlsplit(made["url"]).query, strict_parsing=True)
    assert int(query["expires"][0]) == ends.timestamp()
    caching = stranger.get(made["url"]).headers["cache-control"].split(", ")
    left = int(caching[1].removeprefix("max-age="))
    assert caching == ["private", f"max-age={left}", "immutable"]
    assert seconds - 10 <= left <= seconds


def test_a_link_of_the_past_is_over(product: Product, image: Json, stranger: Client) -> None:
    links = Links((product.data / "link.secret").read_bytes())
    for what in ("thumb", "width=0", "~x"):
        path = links.until(1_700_000_000, image["id"], what, None)
        assert_problem(stranger.get(path), 403, "link-expired")


def test_a_link_to_one_thing_opens_no_other(owner: Client, image: Json, stranger: Client) -> None:
    url = link(owner, image, transformation=HALF)["url"]
    assert "/format=webp,width=240?" in url
    for forged in (
        url.replace("width=240", "width=241"),
        url.replace("format=webp,width=240", "width=240,format=webp"),
        url.replace("format=webp,width=240", "original"),
        url.replace("format=webp,width=240", "~eyJ3aWR0aCI6MjQwfQ"),
        url.replace("expires=", "expires=9"),
    ):
        assert_problem(stranger.get(forged), 403, "bad-signature")
    for extra, status in (("&v=0000000000000000", 422), ("&w=1", 422)):
        assert stranger.get(url + extra).status_code == status


def test_a_signed_link_to_what_can_not_be_is_refused_by_name(
    product: Product, image: Json, stranger: Client
) -> None:
    links = Links((product.data / "link.secret").read_bytes())
    far = 4_000_000_000
    refused = stranger.get(links.until(far, image["id"], "width=0", None))
    assert wrong_fields(refused) == {"width"}
    assert wrong_fields(stranger.get(links.until(far, image["id"], "~x", None))) == {
        "transformation"
    }
    gone = stranger.get(links.until(far, NOBODY, "width=0", None))
    assert_problem(gone, 404, "image-not-found")


def test_a_watermark_travels_in_a_link_that_does_not_show_it(
    owner: Client, image: Json, stranger: Client
) -> None:
    plain = stranger.get(link(owner, image, transformation=HALF)["url"])
    logo = owner.upload(pictures.alpha_png())
    for watermark in ({"text": "© Ann, фото, 写真"}, {"image_id": logo["id"]}):
        url = link(owner, image, transformation=HALF | {"watermark": watermark})["url"]
        assert urlsplit(url).path.startswith(f"/i/{image['id']}/~")
        answer = stranger.get(url)
        assert answer.status_code == 200, answer.text
        assert pictures.opened(answer.content).size == (240, 160)
        assert pictures.difference(answer.content, pictures.opened(plain.content)) > 0.1


def test_only_an_own_picture_can_be_laid_over_another(
    owner: Client, image: Json, bob: Client
) -> None:
    theirs = bob.upload_and_wait(pictures.jpeg(number=3))
    for image_id in (theirs["id"], NOBODY):
        body = {"transformation": {"watermark": {"image_id": image_id}}, "expires_in": 600}
        answer = owner.post(f"/v1/images/{image['id']}/links", json=body)
        assert wrong_fields(answer) == {"transformation.watermark.image_id"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"expires_in"}),
        ({"expires_in": 600}, {"body"}),
        ({"variant": "thumb", "transformation": {}, "expires_in": 600}, {"body"}),
        ({"variant": "thumb"}, {"expires_in"}),
        ({"variant": "thumb", "expires_in": 59}, {"expires_in"}),
        ({"variant": "thumb", "expires_in": 604_801}, {"expires_in"}),
        ({"variant": "thumb", "expires_in": "600"}, {"expires_in"}),
        ({"variant": "thumb", "expires_in": 600, "name": "x"}, {"name"}),
        ({"variant": "nothing", "expires_in": 600}, {"variant"}),
        ({"variant": "width=3", "expires_in": 600}, {"variant"}),
        ({"variant": "\0", "expires_in": 600}, {"variant"}),
        ({"variant": "", "expires_in": 600}, {"variant"}),
        ({"transformation": {"width": 0}, "expires_in": 600}, {"transformation.width"}),
        ({"transformation": {"sepia": 1}, "expires_in": 600}, {"transformation.sepia"}),
        ({"transformation": {"crop": [480, 0, 9, 9]}, "expires_in": 60}, {"transformation.crop"}),
        ({"transformation": {"preset": "small"}, "expires_in": 60}, {"transformation.preset"}),
    ],
)
def test_what_is_wrong_with_a_wish_for_a_link_is_named(
    owner: Client, image: Json, body: Json, fields: set[str]
) -> None:
    assert wrong_fields(owner.post(f"/v1/images/{image['id']}/links", json=body)) == fields


def test_only_the_owner_makes_links(
    image: Json, bob: Client, stranger: Client, owner: Client
) -> None:
    path = f"/v1/images/{image['id']}/links"
    for body in ({"variant": "thumb", "expires_in": 600}, {}):
        assert_problem(stranger.post(path, json=body), 401, "unauthenticated")
        assert_problem(bob.post(path, json=body), 404, "image-not-found")
        assert_problem(owner.post(f"/v1/images/{NOBODY}/links", json=body), 404, "image-not-found")
    assert_problem(owner.post(path, content=b"{"), 415, "unsupported-media-type")


def test_a_link_outlives_its_image_in_nothing(owner: Client, stranger: Client) -> None:
    image = owner.upload_and_wait(pictures.jpeg(number=4))
    url = link(owner, image, transformation=HALF)["url"]
    assert stranger.get(url).status_code == 200
    owner.delete(f"/v1/images/{image['id']}")
    assert_problem(stranger.get(url), 404, "image-not-found")

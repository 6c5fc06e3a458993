"""From sign-up to a picture in an `<img>`."""

import base64
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.client import PASSWORD, Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, assert_safe
from tests.product import Product

SIDES = {"thumb": (100, 100), "small": (300, 225), "preview": (1440, 1080), "grayscale": None}
TYPES = {"thumb": "webp", "small": "webp", "preview": "webp", "grayscale": "jpeg"}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def image(owner: Client) -> Json:
    content = pictures.camera_jpeg()
    fields = {"description": "Evening", "tags": ["Sea", "boats"], "name": " Harbour "}
    files = {"file": ("DSC_0001.JPG", content, "text/plain")}
    answer = owner.post("/v1/images", files=files, data=fields)
    assert answer.status_code == 201, answer.text
    fresh = answer.json()
    assert answer.headers["location"] == f"/v1/images/{fresh['id']}"
    assert answer.headers["etag"].startswith('"')
    assert fresh["status"] == "processing"
    assert (fresh["width"], fresh["height"], fresh["resolution"]) == (4000, 3000, "4000x3000")
    assert {variant["status"] for variant in fresh["variants"]} == {"pending"}
    return owner.processed(fresh["id"])


def test_who_signs_up_gets_a_token_and_is_somebody(product: Product) -> None:
    with Client(product.base_url) as client:
        wanted = {"username": client.username, "email": "Nobody@Example.com", "password": PASSWORD}
        answer = client.post("/v1/auth/register", json=wanted)
        assert answer.status_code == 201
        assert answer.headers["location"] == "/v1/auth/me"
        form = {"grant_type": "password", "username": "nobody@example.com", "password": PASSWORD}
        token = client.post("/v1/auth/token", data=form)
        assert token.headers["cache-control"] == "no-store"
        assert set(token.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
        assert token.json()["token_type"] == "bearer"
        me = client.sign_in().get("/v1/auth/me").json()
    assert me == answer.json()
    assert set(me) == {"id", "username", "email", "created_at", "usage"}
    assert (me["usage"]["images"], me["usage"]["bytes"]) == (0, 0)
    assert "password" not in answer.text


def test_a_name_or_an_address_that_is_taken_is_refused(ann: Client) -> None:
    wanted = {"username": ann.username, "email": "other@example.com", "password": PASSWORD}
    assert_problem(ann.post("/v1/auth/register", json=wanted), 409, "username-taken")
    wanted = {"username": "another", "email": f"{ann.username}@EXAMPLE.com", "password": PASSWORD}
    assert_problem(ann.post("/v1/auth/register", json=wanted), 409, "email-taken")


def test_a_wrong_password_and_an_unknown_user_are_told_apart_by_nothing(ann: Client) -> None:
    form = {"grant_type": "password", "username": ann.username, "password": "wrong password"}
    wrong = ann.post("/v1/auth/token", data=form)
    unknown = ann.post("/v1/auth/token", data=form | {"username": "nobody-at-all"})
    assert_problem(wrong, 401, "invalid-credentials")
    assert_problem(unknown, 401, "invalid-credentials")
    assert wrong.json()["detail"] == unknown.json()["detail"]


def test_what_was_uploaded_is_told_back(image: Json) -> None:
    content = pictures.camera_jpeg()
    assert image["status"] == "ready"
    assert image["error"] is None
    assert (image["name"], image["description"]) == ("Harbour", "Evening")
    assert image["tags"] == ["Sea", "boats"]
    assert image["visibility"] == "private"
    assert image["content_type"] == "image/jpeg"
    assert image["size"] == len(content)
    assert image["sha256"] == sha256(content).hexdigest()
    assert image["path"].startswith("originals/")
    assert image["path"].endswith(image["id"])
    assert image["taken_at"] == "2024-05-17T18:30:00.000Z"
    assert len(image["dominant_color"]) == len("#8899aa")


def test_the_placeholder_is_a_tiny_picture_of_its_own(image: Json) -> None:
    head, _, data = image["placeholder"].partition(",")
    assert head == "data:image/webp;base64"
    tiny = pictures.opened(base64.b64decode(data, validate=True))
    assert tiny.format == "WEBP"
    assert max(tiny.size) <= 32


@pytest.mark.parametrize("name", SIDES)
def test_every_variant_is_a_picture_with_the_promised_sides(
    stranger: Client, image: Json, name: str
) -> None:
    variant = next(v for v in image["variants"] if v["name"] == name)
    assert (variant["status"], variant["error"]) == ("ready", None)
    answer = stranger.get(variant["url"])
    assert answer.status_code == 200
    picture = pictures.opened(answer.content)
    assert picture.size == (SIDES[name] or (4000, 3000))
    assert picture.size == (variant["width"], variant["height"])
    assert picture.format == TYPES[name].upper()
    assert answer.headers["content-type"] == variant["content_type"] == f"image/{TYPES[name]}"
    assert len(answer.content) == variant["size"] == int(answer.headers["content-length"])
    assert not picture.getexif()
    assert b"Kodak-Zeiss" not in answer.content
    looks = pictures.photograph().convert("L" if name == "grayscale" else "RGB")
    if name != "thumb":
        assert pictures.difference(answer.content, looks) < 6


def test_a_link_needs_no_header_and_its_bytes_are_safe_to_show(
    stranger: Client, image: Json
) -> None:
    for url in (image["url"], *(variant["url"] for variant in image["variants"])):
        asked = _now()
        answer = stranger.get(url)
        assert answer.status_code == 200
        assert_safe(answer)
        caching = answer.headers["cache-control"].split(", ")
        left = int(caching[1].removeprefix("max-age="))
        assert caching == ["private", f"max-age={left}", "immutable"]
        assert 3600 - 60 <= left <= 25 * 3600
        assert left <= int(parse_qs(urlsplit(url).query)["expires"][0]) - asked
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        shown = "attachment; filename*=UTF-8''Harbour" if url == image["url"] else "inline"
        assert answer.headers["content-disposition"] == shown


def test_the_original_comes_back_byte_for_byte(owner: Client, image: Json) -> None:
    for url in (image["url"], f"/i/{image['id']}/original"):
        answer = owner.get(url)
        assert answer.content == pictures.camera_jpeg()
        assert answer.headers["content-type"] == "image/jpeg"


def test_bytes_that_are_there_already_are_not_sent_again(stranger: Client, image: Json) -> None:
    for url in (image["url"], image["variants"][0]["url"]):
        etag = stranger.get(url).headers["etag"]
        assert etag.startswith('"')
        for given in (etag, f'"other", {etag}', f"W/{etag}", "*"):
            answer = stranger.get(url, headers={"If-None-Match": given})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == etag
        assert stranger.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_parts_of_a_picture_can_be_asked_for(stranger: Client, image: Json) -> None:
    url, whole = image["url"], pictures.camera_jpeg()
    size = len(whole)
    for asked, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        (f"bytes={size - 5}-", size - 5, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=1000-{size * 9}", 1000, size),
    ):
        answer = stranger.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (206, whole[start:stop])
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
        assert answer.headers["content-length"] == str(stop - start)
    beyond = stranger.get(url, headers={"Range": f"bytes={size}-"})
    assert_problem(beyond, 416, "range-not-satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{size}"
    changed = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert stranger.get(url, headers=changed).status_code == 200


def test_head_tells_what_get_would_send(stranger: Client, image: Json) -> None:
    for url in (image["url"], image["variants"][1]["url"]):
        told, sent = stranger.head(url), stranger.get(url)
        assert (told.status_code, told.content) == (200, b"")
        volatile = ("date", "x-request-id", "cache-control")
        assert _without(told.headers, volatile) == _without(sent.headers, volatile)


def test_a_link_stays_the_same_text_so_that_browsers_cache(owner: Client, image: Json) -> None:
    before = owner.image(image["id"])
    renamed = owner.patch(f"/v1/images/{image['id']}", json={"name": before["name"]})  # anew
    assert renamed.status_code == 200
    after = owner.image(image["id"])
    assert (after["url"], after["variants"]) == (before["url"], before["variants"])
    created = datetime.fromisoformat(image["created_at"])
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=10)


def test_a_link_that_was_changed_or_is_over_is_refused(stranger: Client, image: Json) -> None:
    thumb, small = (v["url"] for v in image["variants"][:2])
    signature = parse_qs(urlsplit(thumb).query)["signature"][0]
    expires = parse_qs(urlsplit(thumb).query)["expires"][0]
    path = urlsplit(thumb).path
    for forged in (
        thumb.replace("/thumb?", "/small?"),
        thumb.replace("/thumb?", "/original?"),
        f"{path}?expires={int(expires) + 1}&signature={signature}",
        f"{path}?expires={expires}",
        f"{path}?signature={signature}",
        f"{path}?expires=never&signature={signature}",
        f"{path}?expires={expires}&signature={parse_qs(urlsplit(small).query)['signature'][0]}",
        f"/i/{image['id'][:-1]}0/nothing?expires={expires}&signature={signature}",
    ):
        assert_problem(stranger.get(forged), 403, "bad-signature")


def test_without_a_link_or_a_token_nothing_private_exists(stranger: Client, image: Json) -> None:
    for path in (
        f"/i/{image['id']}/thumb",
        f"/i/{image['id']}/original",
        f"/i/{image['id']}/nothing",
        "/i/00000000-0000-7000-8000-000000000000/thumb",
        "/i/no-id/thumb",
    ):
        assert_problem(stranger.get(path), 401, "unauthenticated")


def test_a_public_image_is_there_for_anyone_by_its_presets_alone(
    owner: Client, stranger: Client
) -> None:
    image = owner.upload_and_wait(pictures.jpeg(number=1), visibility="public")
    for name in SIDES:
        answer = stranger.get(f"/i/{image['id']}/{name}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=60"
    for name in ("original", "nothing"):
        assert_problem(stranger.get(f"/i/{image['id']}/{name}"), 401, "unauthenticated")
    assert_problem(stranger.get(f"/v1/images/{image['id']}"), 401, "unauthenticated")
    owner.patch(f"/v1/images/{image['id']}", json={"visibility": "private"})
    assert_problem(stranger.get(f"/i/{image['id']}/thumb"), 401, "unauthenticated")
    assert owner.get(f"/i/{image['id']}/thumb").headers["cache-control"] == "private, max-age=60"


def _now() -> int:
    return int(datetime.now(UTC).timestamp())


def _without(headers: httpx.Headers, names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}

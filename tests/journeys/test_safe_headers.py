"""What answers say to browsers and to caches on their way."""

from typing import Any

import pytest

from tests.client import PASSWORD, Client
from tests.journeys import pictures
from tests.journeys.answers import assert_safe

Json = dict[str, Any]


@pytest.fixture(scope="module")
def image(owner: Client) -> Json:
    return owner.upload_and_wait(pictures.jpeg())


def test_what_an_account_sees_is_kept_for_it_alone_and_asked_for_again(
    owner: Client, image: Json
) -> None:
    for path in ("/v1/images", f"/v1/images/{image['id']}", "/v1/auth/me", "/v1/presets"):
        for answer in (owner.get(path), owner.head(path)):
            assert answer.headers["cache-control"] == "private, no-cache"
            assert answer.headers["vary"] == "Authorization"
            assert_safe(answer)
    path = f"/v1/images/{image['id']}"
    unchanged = owner.get(path, headers={"If-None-Match": owner.get(path).headers["etag"]})
    assert unchanged.status_code == 304
    assert unchanged.headers["cache-control"] == "private, no-cache"
    assert unchanged.headers["vary"] == "Authorization"


def test_a_refusal_is_kept_for_nobody_else(owner: Client, stranger: Client) -> None:
    for answer in (
        stranger.get("/v1/images"),
        owner.get("/v1/images/none"),
        owner.get("/nothing"),
        owner.post("/v1/auth/register", json={}),
        owner.put("/v1/images"),
    ):
        assert answer.headers["cache-control"] == "private, no-cache"
        assert_safe(answer)


def test_tokens_are_not_kept_at_all(ann: Client) -> None:
    form = {"grant_type": "password", "username": ann.username, "password": PASSWORD}
    assert ann.post("/v1/auth/token", data=form).headers["cache-control"] == "no-store"


def test_delivered_bytes_say_what_their_contract_has_and_may_be_shown_anywhere(
    owner: Client, stranger: Client, image: Json
) -> None:
    url = next(v["url"] for v in image["variants"] if v["name"] == "thumb")
    for answer in (owner.get(f"/i/{image['id']}/thumb"), stranger.get(url), stranger.head(url)):
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["cache-control"].startswith("private, max-age=")
        assert "vary" not in answer.headers
        assert "x-frame-options" not in answer.headers
        assert_safe(answer)


def test_no_page_may_be_framed(stranger: Client) -> None:
    for path in ("/", "/openapi.json", "/health/live", "/nothing"):
        answer = stranger.get(path)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert_safe(answer)


@pytest.mark.parametrize("origin", ["null", "https://evil.example"])
def test_by_default_no_other_origin_may_read_anything(ann: Client, origin: str) -> None:
    asks_before = {"Access-Control-Request-Method": "GET"}
    for answer in (
        ann.get("/v1/images", headers={"Origin": origin}),
        ann.get("/v1/images/none", headers={"Origin": origin}),
        ann.options("/v1/images", headers={"Origin": origin} | asks_before),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_without_tls_nobody_is_told_to_use_it(stranger: Client) -> None:
    assert "strict-transport-security" not in stranger.get("/").headers

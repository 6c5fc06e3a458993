"""What is not part of a question changes no answer, neither its own nor the next one."""

from typing import Any

import httpx
import pytest

from tests.client import Client
from tests.journeys import pictures

CANARY = "canary.example"
POISON: dict[str, dict[str, str]] = {
    "host": {"Host": CANARY},
    "forwarded host": {"X-Forwarded-Host": CANARY, "X-Host": CANARY, "Forwarded": f"host={CANARY}"},
    "forwarded scheme": {"X-Forwarded-Proto": "canary", "X-Forwarded-Port": "1"},
    "original url": {"X-Original-URL": "/canary", "X-Rewrite-URL": "/canary"},
    "prefix": {"X-Forwarded-Prefix": "/canary", "X-Script-Name": "/canary"},
    "method": {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"},
    "accept": {"Accept": "text/canary", "Accept-Language": "canary", "Accept-Encoding": "canary"},
    "origin": {"Origin": f"https://{CANARY}", "Referer": f"https://{CANARY}"},
    "account": {"X-User-Id": CANARY, "X-Account-Id": CANARY, "Cookie": "account=canary"},
    "odd casing": {"x-FORWARDED-hOsT": CANARY, "aCCEPT": "image/CANARY"},
}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def image(owner: Client) -> Json:
    return owner.upload_and_wait(pictures.jpeg((64, 48)), "harbour.jpg")


def _paths(image: Json) -> list[str]:
    item = f"/v1/images/{image['id']}"
    return [item, f"{item}/events", "/v1/images", "/v1/images?limit=1&q=harbour", "/v1/presets"]


def _said(answer: httpx.Response) -> tuple[int, str | None, bytes]:
    return answer.status_code, answer.headers.get("etag"), answer.content


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_headers_that_no_answer_depends_on_change_none(
    owner: Client, image: Json, poison: dict[str, str]
) -> None:
    # A change makes every answer be asked for anew, poison first.
    description = str(sorted(poison))
    path = f"/v1/images/{image['id']}"
    assert owner.patch(path, json={"description": description}).status_code == 200
    for path in _paths(image):
        poisoned = owner.get(path, headers=poison)
        clean = owner.get(path)
        assert _said(poisoned) == _said(clean)
        assert clean.status_code == 200
        assert CANARY not in clean.text + str(clean.headers)
    assert "/canary" not in owner.get("/v1/images?limit=1").headers.get("link", "")


@pytest.mark.parametrize(
    "suffix", [";a=b", "/", "/..%2fy", "%2f..", "%00", "?x=1", "?X=1&x=", "%3fq=1", "//"]
)
def test_an_address_that_is_nearly_another_is_not_answered_as_that(
    owner: Client, image: Json, suffix: str
) -> None:
    path = f"/v1/images/{image['id']}"
    clean = owner.get(path)
    answer = owner.get(path + suffix)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert _said(owner.get(path)) == _said(clean)


def test_a_get_with_a_body_is_answered_as_one_without(owner: Client, image: Json) -> None:
    for path in _paths(image):
        fat = owner.request("GET", path, json={"q": "canary", "limit": 1})
        assert _said(fat) == _said(owner.get(path))


def test_one_question_in_two_spellings_is_never_answered_as_another(
    owner: Client, image: Json
) -> None:
    whole = owner.get("/v1/images").json()["items"]
    assert owner.get("/v1/images?%71=canary").json()["items"] == []
    assert owner.get("/v1/images?Q=canary").status_code == 422
    assert owner.get("/v1/images?q=%68arbour").json()["items"] == whole
    assert owner.get("/v1/images?q=canary&").json()["items"] == []
    assert owner.get("/v1/images").json()["items"] == whole

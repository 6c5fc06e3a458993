"""The two reads that are asked most have a short way to their answers: nobody can tell which way
was taken.
"""

from typing import Any

import httpx
import pytest

from tests.client import Client
from tests.journeys import pictures

OF_ONE_ANSWER = ("x-request-id", "date")


@pytest.fixture(scope="module")
def image(owner: Client) -> dict[str, Any]:
    return owner.upload_and_wait(pictures.jpeg((64, 48), 1), "one.jpg")


def told(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """What an answer says, but for what no two have in common."""
    headers = {k: v for k, v in answer.headers.items() if k not in OF_ONE_ANSWER}
    return answer.status_code, headers, answer.content


def by_both_ways(
    client: Client, url: str, *headers: tuple[str, str]
) -> tuple[httpx.Response, httpx.Response]:
    """By the short way, and by the routes: the scheme's name in other letters is not plain."""
    token = client.headers["Authorization"].partition(" ")[2]
    long = client.get(url, headers=[*headers, ("Authorization", f"bearer {token}")])
    return client.get(url, headers=[*headers]), long


@pytest.mark.parametrize("what", ["/{id}", "", "?limit=1", "?limit=200"])
def test_both_ways_give_the_same_answer(owner: Client, image: dict[str, Any], what: str) -> None:
    url = f"/v1/images{what.format(id=image['id'])}"
    owner.get(url)
    short, long = by_both_ways(owner, url)
    assert short.status_code == 200
    assert told(short) == told(long)
    assert short.headers["ETag"]


@pytest.mark.parametrize("what", ["/{id}", ""])
@pytest.mark.parametrize("tags", ["{tag}", 'W/{tag}, "other"', "*", '"other"', '"other"\n{tag}'])
def test_both_ways_know_what_a_client_has_already(
    owner: Client, image: dict[str, Any], what: str, tags: str
) -> None:
    url = f"/v1/images{what.format(id=image['id'])}"
    lines = tags.format(tag=owner.get(url).headers["ETag"]).split("\n")
    short, long = by_both_ways(owner, url, *(("If-None-Match", line) for line in lines))
    assert short.status_code == (200 if lines[0] == '"other"' else 304)
    assert told(short) == told(long)


def test_both_ways_refuse_alike(owner: Client, ann: Client, image: dict[str, Any]) -> None:
    for client, url in (
        (ann, f"/v1/images/{image['id']}"),
        (owner, f"/v1/images/{image['id']}?unknown=1"),
        (owner, f"/v1/images/{image['id'].upper()}"),
        (owner, "/v1/images?limit=0"),
        (owner, "/v1/imagesx"),
        (owner, f"/v1/images-{image['id']}"),
    ):
        short, long = by_both_ways(client, url)
        assert short.status_code in (404, 422)
        assert short.json() | {"request_id": ""} == long.json() | {"request_id": ""}


@pytest.mark.parametrize("what", ["{id}", "00000000-0000-0000-0000-000000000000"])
def test_both_ways_are_counted_alike(owner: Client, image: dict[str, Any], what: str) -> None:
    def counted() -> float:
        told = owner.get("/metrics").text
        line = 'safelight_requests_total{method="GET",route="/v1/images/{image_id}",status="%s"} '
        return float(told.partition(line % status)[2].partition("\n")[0])

    url = f"/v1/images/{what.format(id=image['id'])}"
    status = by_both_ways(owner, url)[0].status_code
    before = counted()
    by_both_ways(owner, url)
    assert counted() == before + 2


def test_a_change_is_seen_by_the_short_way_at_once(owner: Client, image: dict[str, Any]) -> None:
    address = f"/v1/images/{image['id']}"
    for n in range(50):
        changed = owner.patch(address, json={"description": f"number {n}"})
        assert owner.get(address).headers["ETag"] == changed.headers["ETag"]
        assert owner.get("/v1/images").json()["items"][0]["description"] == f"number {n}"


def test_a_request_id_of_the_client_s_own_comes_back(owner: Client, image: dict[str, Any]) -> None:
    answer = owner.get(f"/v1/images/{image['id']}", headers={"X-Request-ID": "my-own.1"})
    assert answer.headers["X-Request-ID"] == "my-own.1"

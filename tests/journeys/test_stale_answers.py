"""No answer outlives a write: not for whoever asks beside it, nor at another API."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem
from tests.journeys.conftest import Make
from tests.product import Product
from tests.scaled import ScaledProduct

ROUNDS = 30
READERS = 2

Json = dict[str, Any]


@pytest.fixture(scope="module")
def clients(make: Make, stocked: Callable[..., Any]) -> Iterator[list[Client]]:
    """One somebody at each of two APIs, where there are APIs, or twice at the only one."""
    product: Product = stocked(**({} if make is Product else {"apis": 2}))
    parts = product.apis if isinstance(product, ScaledProduct) else product.parts
    urls = [part.base_url for part in parts]
    with Client(urls[0]) as first, Client(urls[-1]) as second:
        first.sign_up()
        second.headers["Authorization"] = first.headers["Authorization"]
        yield [first, second]


@pytest.fixture
def image(clients: list[Client]) -> Json:
    return clients[0].upload_and_wait(pictures.jpeg((32, 24)), presets="thumb")


@pytest.fixture
def readers(clients: list[Client], image: Json) -> Iterator[list[int]]:
    """Others who ask all the time, so that every cache is full; the statuses that they got."""
    over, got = Event(), list[int]()

    def read(client: Client) -> None:
        while not over.is_set():
            for path in (f"/v1/images/{image['id']}", "/v1/images", "/v1/images?q=name"):
                got.append(client.get(path).status_code)

    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(read, clients[number % 2]) for number in range(READERS)]
        yield got
        over.set()
    for done in reading:
        done.result()


def test_the_next_read_sees_a_change_wherever_it_asks(
    clients: list[Client], image: Json, readers: list[int]
) -> None:
    path = f"/v1/images/{image['id']}"
    for number in range(ROUNDS):
        writer, reader = clients[number % 2], clients[(number + 1) % 2]
        name = f"name {number}"
        assert writer.patch(path, json={"name": name}).status_code == 200
        for client in (reader, writer):
            assert client.image(image["id"])["name"] == name
            assert client.get("/v1/images").json()["items"][0]["name"] == name
            found = client.get("/v1/images", params={"q": f"{name}"}).json()["items"]
            assert [image["name"] for image in found] == [name]
    assert set(readers) == {200}


def test_the_next_read_finds_nothing_of_what_was_deleted(
    clients: list[Client], image: Json, readers: list[int]
) -> None:
    for number in range(10):
        writer, reader = clients[number % 2], clients[(number + 1) % 2]
        gone = writer.upload(pictures.jpeg((32, 24), number), f"gone {number}", presets="thumb")
        path = f"/v1/images/{gone['id']}"
        etag = {"If-None-Match": reader.get(path).headers["etag"]}
        assert reader.get("/v1/images", params={"q": "gone"}).json()["items"]
        assert writer.delete(path).status_code == 204
        for client in (reader, writer):
            assert_problem(client.get(path, headers=etag), 404, "image-not-found")
            assert_problem(client.get(f"{path}/events"), 404, "image-not-found")
            assert client.get("/v1/images", params={"q": "gone"}).json()["items"] == []
            assert gone["id"] not in [i["id"] for i in client.get("/v1/images").json()["items"]]
    assert set(readers) == {200}

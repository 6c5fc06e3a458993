"""Uploads that are sent again under their key, whatever became of the first."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from safelight.image_app import turns
from tests.client import Client
from tests.journeys import pictures, wire
from tests.journeys.answers import assert_problem, wrong_fields
from tests.journeys.conftest import Make
from tests.product import Product, serving, wait_for
from tests.scaled import ScaledProduct

FORM = "Content-Type: multipart/form-data; boundary=b"
AT_ONCE = turns.AT_ONCE // turns.SHARE
"""Of one account: no more are let in together."""


@pytest.fixture(scope="module")
def several(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product with two APIs, where it can have more than one."""
    folder = tmp_path_factory.mktemp("several")
    with serving(make(folder) if make is Product else make(folder, apis=2)) as product:
        yield product


@pytest.fixture
def eve(several: Product) -> Iterator[Client]:
    """Somebody who has just signed up there."""
    with Client(several.base_url) as client:
        yield client.sign_up()


def doors(product: Product) -> list[str]:
    """Where each of its APIs is reached."""
    if isinstance(product, ScaledProduct):
        return [part.base_url for part in product.apis]
    return [product.base_url]


def send(
    client: Client, content: bytes, key: str = "a key", door: str = "", **fields: str
) -> httpx.Response:
    files, headers = {"file": ("harbour.jpg", content)}, {"Idempotency-Key": key}
    return client.post(f"{door}/v1/images", files=files, data=fields, headers=headers)


def test_the_same_again_is_answered_with_the_first_answer_everywhere(
    several: Product, eve: Client
) -> None:
    first = send(eve, pictures.jpeg(), tags="sea")
    assert first.status_code == 201
    eve.processed(first.json()["id"])
    for door in doors(several):
        again = send(eve, pictures.jpeg(), door=door, tags="sea")
        assert (again.status_code, again.content) == (201, first.content)
        for name in ("location", "etag"):
            assert again.headers[name] == first.headers[name]
    assert len(eve.all_images()) == 1
    usage = eve.get("/v1/auth/me").json()["usage"]
    assert (usage["images"], usage["bytes"]) == (1, len(pictures.jpeg()))


def test_of_many_at_once_one_is_taken_and_nobody_is_told_anything_else(
    several: Product, eve: Client
) -> None:
    content, urls = pictures.jpeg((1600, 1200)), doors(several) * AT_ONCE
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda url: send(eve, content, door=url), urls[:AT_ONCE]))
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    for answer in answers:
        if answer.status_code != 201:
            assert_problem(answer, 409, "idempotency-key-in-use")
            assert answer.headers["retry-after"]
    assert [image["id"] for image in eve.all_images()] == list(made)
    assert send(eve, content).json()["id"] in made


def test_something_else_under_the_same_key_is_refused(eve: Client) -> None:
    first = send(eve, pictures.jpeg())
    for content, fields in ((pictures.jpeg((32, 24)), {}), (pictures.jpeg(), {"tags": "sea"})):
        assert_problem(send(eve, content, **fields), 422, "idempotency-key-reused")
    assert [image["id"] for image in eve.all_images()] == [first.json()["id"]]


def test_another_account_may_use_the_same_key(several: Product, eve: Client) -> None:
    mine = send(eve, pictures.jpeg()).json()["id"]
    with Client(several.base_url) as other:
        theirs = send(other.sign_up(), pictures.jpeg())
        assert theirs.status_code == 201
        assert theirs.json()["id"] != mine
        assert [image["id"] for image in other.all_images()] == [theirs.json()["id"]]


def test_a_first_try_that_was_refused_does_not_count(eve: Client) -> None:
    assert_problem(send(eve, b"no picture"), 415, "unsupported-image")
    assert send(eve, pictures.jpeg()).status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 256], ids=["empty", "too long"])
def test_a_key_that_is_none_is_refused_by_its_name(eve: Client, key: str) -> None:
    assert wrong_fields(send(eve, pictures.jpeg(), key)) == {"Idempotency-Key"}
    assert send(eve, pictures.jpeg(), "k" * 255).status_code == 201


def test_after_a_crash_the_key_is_free_and_makes_one_image(
    install: Callable[..., Product],
) -> None:
    product = install()
    product.start()
    content = pictures.jpeg((1600, 1200))
    body = wire.part(content)
    with Client(product.base_url) as client, wire.connect(client.sign_up()) as connection:
        lines = (FORM, f"Content-Length: {len(body) + 9}", "Idempotency-Key: a key")
        connection.sendall(wire.head(client, *lines) + body[: len(body) // 2])
        wait_for("the upload to begin", product.uploads_under_way)
        assert_problem(send(client, content), 409, "idempotency-key-in-use")
        if isinstance(product, ScaledProduct):
            product.apis[0].kill()
            product.revive_api(0)
            product.base_url = product.apis[0].base_url
            wait_for("the API to be ready", product.apis[0].is_ready)
        else:
            product.kill()
            product.start()
        client.base_url = httpx.URL(product.base_url)
        first = send(client, content)
        assert first.status_code == 201
        assert send(client, content).content == first.content
        assert [image["id"] for image in client.all_images()] == [first.json()["id"]]
        assert [key for key in product.objects() if first.json()["id"] not in key] == []

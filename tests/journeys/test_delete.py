"""Delete leaves no byte."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem
from tests.journeys.leftovers import assert_nothing_is_left
from tests.product import Product, wait_for

Json = dict[str, Any]


@pytest.fixture(scope="module")
def place(stocked: Callable[..., Product]) -> Product:
    """A product in which nothing else happens, so that whatever is left can be seen."""
    return stocked()


@pytest.fixture
def owner(place: Product) -> Iterator[Client]:
    with Client(place.base_url) as client:
        yield client.sign_up()


def _assert_gone(place: Product, owner: Client, image: Json) -> None:
    """For its owner and for whoever holds a link, without a moment's delay."""
    path = f"/v1/images/{image['id']}"
    assert_problem(owner.get(path), 404, "image-not-found")
    assert_problem(owner.patch(path, json={"name": "x"}), 404, "image-not-found")
    assert_problem(owner.delete(path), 404, "image-not-found")
    with Client(place.base_url) as stranger:
        for url in (image["url"], *(variant["url"] for variant in image["variants"])):
            assert_problem(stranger.get(url), 404, "image-not-found")
            etag = {"If-None-Match": "*"}
            assert_problem(stranger.get(url, headers=etag), 404, "image-not-found")
    assert image["id"] not in [other["id"] for other in owner.all_images()]


def _delete(owner: Client, image: Json) -> None:
    answer = owner.delete(f"/v1/images/{image['id']}")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_deleted_picture_is_gone_at_once_and_then_leaves_no_byte(
    place: Product, owner: Client
) -> None:
    image = owner.upload_and_wait(pictures.jpeg(number=1))
    assert len(place.objects()) == 5
    owner.get(f"/v1/images/{image['id']}")
    _delete(owner, image)
    _assert_gone(place, owner, image)
    assert_nothing_is_left(place, owner)


def test_a_picture_that_is_being_processed_is_deleted_as_well(
    place: Product, owner: Client
) -> None:
    image = owner.upload(pictures.camera_jpeg((2000, 1500)))
    assert image["status"] == "processing"
    _delete(owner, image)
    _assert_gone(place, owner, image)
    assert_nothing_is_left(place, owner)


def test_a_picture_deleted_while_its_decoder_holds_it_does_not_come_back(
    place: Product, owner: Client
) -> None:
    decoders = place.decoders()
    for decoder in decoders:
        decoder.suspend()
    try:
        images = [owner.upload(pictures.jpeg(number=n)) for n in range(6)]
        for image in images:
            _delete(owner, image)
    finally:
        for decoder in decoders:
            decoder.resume()
    for image in images:
        _assert_gone(place, owner, image)
    after = owner.upload_and_wait(pictures.jpeg(number=99))
    wait_for("the deleted to go", lambda: len(place.objects()) == 5)
    assert [image["id"] for image in owner.all_images()] == [after["id"]]
    _delete(owner, after)
    assert_nothing_is_left(place, owner)


def test_a_refused_picture_can_be_deleted(place: Product, owner: Client) -> None:
    image = owner.processed(owner.upload(pictures.jpeg()[:3000])["id"])
    assert image["status"] == "failed"
    assert image["error"]["code"] == "corrupt-image"
    assert image["error"]["detail"]
    assert {variant["status"] for variant in image["variants"]} == {"failed"}
    refused = owner.get(image["variants"][0]["url"])
    assert_problem(refused, 404, "variant-failed")
    assert refused.json()["detail"] == image["variants"][0]["error"]["detail"]
    _delete(owner, image)
    _assert_gone(place, owner, image)
    assert_nothing_is_left(place, owner)


def test_of_many_that_delete_the_same_picture_one_succeeds(place: Product, owner: Client) -> None:
    image = owner.upload(pictures.jpeg(number=7))
    with ThreadPoolExecutor(8) as pool:
        path = f"/v1/images/{image['id']}"
        answers = list(pool.map(lambda _: owner.delete(path).status_code, range(16)))
    assert sorted(answers) == [204] + [404] * 15
    assert_nothing_is_left(place, owner)


def test_of_many_pictures_only_the_deleted_go(place: Product, owner: Client) -> None:
    kept, gone = (
        [owner.upload(pictures.jpeg((64, 48), n)) for n in numbers]
        for numbers in (range(10), range(10, 20))
    )
    for image in gone:
        _delete(owner, image)
    ready = [owner.processed(image["id"]) for image in kept]
    assert {image["status"] for image in ready} == {"ready"}
    usage = owner.get("/v1/auth/me").json()["usage"]
    assert (usage["images"], usage["bytes"]) == (10, sum(image["size"] for image in kept))
    wait_for("the deleted to go", lambda: len(place.objects()) == 50)
    for image in kept:
        _delete(owner, image)
    assert_nothing_is_left(place, owner)


def test_nothing_is_amiss_afterwards(place: Product, owner: Client) -> None:
    assert_nothing_is_left(place, owner)
    assert place.stop() == 0
    assert place.verify() == (0, "0 images, 0 promises, 0 differences\n")
    place.start()

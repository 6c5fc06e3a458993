"""When an account is full or too much is waiting, uploads are refused before they are read."""

from collections.abc import Callable, Iterator

import pytest

from tests.client import Client
from tests.journeys import pictures, wire
from tests.journeys.answers import assert_problem
from tests.product import Product, wait_for

FORM = "Content-Type: multipart/form-data; boundary=b"
LENGTH = "Content-Length: 20000000"
ROOM = 100_000


@pytest.fixture(scope="module")
def small(stocked: Callable[..., Product]) -> Product:
    """A product that keeps two images, or 100 kB, for each account."""
    return stocked(SAFELIGHT_QUOTA_IMAGES="2", SAFELIGHT_QUOTA_BYTES=str(ROOM))


@pytest.fixture
def guest(small: Product) -> Iterator[Client]:
    with Client(small.base_url) as client:
        yield client.sign_up()


@pytest.fixture
def idle(install: Callable[..., Product]) -> Product:
    """A product that takes three images at a time and whose decoder is not getting on."""
    product = install(SAFELIGHT_QUEUE_LIMIT="3", SAFELIGHT_CHILDREN="1")
    product.start()
    for child in product.decoders():
        child.suspend()
    return product


def objects_of(guest: Client, product: Product) -> list[str]:
    """The keys of what the product keeps for this account, whatever the others are doing."""
    account_id = guest.get("/v1/auth/me").json()["id"]
    return sorted(key for key in product.objects() if account_id in key)


def test_an_account_keeps_as_many_images_as_it_may(small: Product, guest: Client) -> None:
    assert guest.get("/v1/auth/me").json()["usage"]["bytes_limit"] == ROOM
    kept = [guest.upload_and_wait(pictures.jpeg((64, 48), n))["id"] for n in range(2)]
    before = objects_of(guest, small)
    refused = guest.offer(pictures.jpeg((64, 48), 2))
    assert_problem(refused, 403, "quota-exceeded")
    assert refused.json()["detail"] == "The account may keep 2 images."
    assert {image["id"] for image in guest.all_images()} == set(kept)
    assert objects_of(guest, small) == before
    assert guest.delete(f"/v1/images/{kept[0]}").status_code == 204
    assert guest.offer(pictures.jpeg((64, 48), 3)).status_code == 201


def test_an_account_keeps_as_many_bytes_as_it_may(small: Product, guest: Client) -> None:
    refused = guest.offer(pictures.jpeg((1600, 1200)))
    assert_problem(refused, 403, "quota-exceeded")
    assert refused.json()["detail"] == f"The account may keep {ROOM} bytes."
    assert guest.all_images() == []
    assert guest.get("/v1/auth/me").json()["usage"]["bytes"] == 0
    assert objects_of(guest, small) == []


def test_a_full_account_is_told_before_it_sends_its_file(guest: Client) -> None:
    for number in range(2):
        guest.upload(pictures.jpeg((64, 48), number))
    with wire.connect(guest) as connection:
        connection.sendall(wire.head(guest, FORM, LENGTH, "Expect: 100-continue"))
        answer = wire.hear(connection)
    assert (answer.status, answer.closed) == (403, True)
    assert b"quota-exceeded" in answer.body


def test_one_account_that_is_full_is_nothing_to_another(small: Product, guest: Client) -> None:
    with Client(small.base_url) as other:
        assert other.sign_up().offer(pictures.jpeg((64, 48), 9)).status_code == 201


def test_a_full_queue_is_refused_with_a_time_to_come_back_and_drains(idle: Product) -> None:
    with Client(idle.base_url) as client:
        client.sign_up()
        waiting = [client.upload(pictures.jpeg((64, 48), n))["id"] for n in range(3)]
        before = len(idle.objects())
        refused = client.offer(pictures.jpeg((64, 48), 3))
        assert_problem(refused, 503, "queue-full")
        assert int(refused.headers["retry-after"]) > 0
        assert len(idle.objects()) == before
        assert len(client.all_images()) == 3
        not_ready = client.get(f"/i/{waiting[0]}/thumb")
        assert_problem(not_ready, 404, "variant-not-ready")
        assert not_ready.headers["retry-after"] == "1"
        for child in idle.decoders():
            child.resume()
        for image_id in waiting:
            assert client.processed(image_id)["status"] == "ready"
        wait_for("room", lambda: client.offer(pictures.jpeg((64, 48), 4)).status_code == 201)

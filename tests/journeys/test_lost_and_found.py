"""What was lost is found while the product runs; what differs is mended when it stands still."""

from collections.abc import Callable

import obstore
import pytest
from sqlalchemy import delete, select, update

from safelight.contract.messages import EVENTS
from safelight.image_app.models import images, outbox, usage
from tests.client import Client
from tests.journeys import pictures
from tests.journeys.leftovers import stop_when_all_is_done
from tests.journeys.surgery import (
    execute,
    lose_jobs,
    make_old,
    path_of,
    stop_with_work_undone,
    store_of,
)
from tests.product import Product, wait_for

SHORT = {"SAFELIGHT_DRAIN_SECONDS": "2"}


@pytest.fixture
def product(install: Callable[..., Product]) -> Product:
    product = install(**SHORT)
    product.start()
    return product


@pytest.fixture
def owner(product: Product) -> Client:
    return Client(product.base_url).sign_up()


def assert_all_is_well(product: Product, images: int) -> None:
    stop_when_all_is_done(product)
    assert product.verify() == (0, f"{images} images, 0 promises, 0 differences\n")


def again(product: Product, owner: Client) -> None:
    """Start it, perhaps at another address."""
    product.start()
    owner.base_url = product.base_url


@pytest.mark.timeout(180)
def test_jobs_and_erasures_that_are_nowhere_are_promised_again(
    product: Product, owner: Client
) -> None:
    kept = owner.upload_and_wait(pictures.jpeg(number=1))
    lost = stop_with_work_undone(product, owner, *(pictures.jpeg(number=n) for n in (2, 3)))
    lose_jobs(product)
    gone = execute_deletion(product, owner, kept["id"])
    make_old(product, *lost, gone)
    code, words = product.verify()
    assert (code, words.count("no job is promised")) == (1, 2)
    assert "nothing is promised to erase it" in words
    again(product, owner)
    for image_id in lost:
        assert owner.processed(image_id)["status"] == "ready"
    wait_for("the deleted to go", lambda: len(product.objects()) == 10)
    assert {image["id"] for image in owner.all_images()} == set(lost)
    assert_all_is_well(product, 2)


def execute_deletion(product: Product, owner: Client, image_id: str) -> str:
    """As a DELETE whose promise was lost: the row says deleted, and nobody will erase it."""
    its = images.c.id == image_id
    [[size]] = product.rows(select(images.c.size).where(its))
    execute(
        product,
        update(images).where(its).values(status="failed", deleted_at=images.c.created_at),
        update(usage).values(images=usage.c.images - 1, bytes=usage.c.bytes - size),
        delete(outbox).where(outbox.c.topic == EVENTS),
    )
    return image_id


@pytest.mark.timeout(180)
def test_a_repair_promises_and_the_next_start_keeps_it(product: Product, owner: Client) -> None:
    first, second = (owner.upload_and_wait(pictures.jpeg(number=n)) for n in (1, 2))
    [lost] = stop_with_work_undone(product, owner, pictures.jpeg(number=3))
    lose_jobs(product)
    store = store_of(product)
    for key in path_of("variants", first, product)[:2]:
        obstore.delete(store, key)
    nobody = second["id"][:-12] + "0" * 12
    stray = path_of("variants", second, product)[0].replace(second["id"], nobody)
    obstore.put(store, stray, b"nobody's")
    execute(product, update(usage).values(images=77))
    code, words = product.verify()
    assert code == 1
    assert "`safelight verify --repair`" in words
    code, words = product.run("verify", "--repair")
    assert code == 0, words
    assert "made again" in words
    assert "promised: the job again" in words
    assert "promised: its erasure" in words
    assert "set right: 3 images" in words
    assert "start the product" in words
    again(product, owner)
    assert owner.processed(lost)["status"] == "ready"
    assert owner.processed(first["id"])["status"] == "ready"
    wait_for("the stranger to go", lambda: len(product.objects()) == 15)
    assert_all_is_well(product, 3)
    assert product.run("verify", "--deep") == (0, "3 images, 0 promises, 0 differences\n")


def test_what_can_not_be_mended_is_named_with_what_to_do(product: Product, owner: Client) -> None:
    image = owner.upload_and_wait(pictures.jpeg())
    assert product.stop() == 0
    store = store_of(product)
    [key] = path_of("originals", image, product)
    whole = bytes(obstore.get(store, key).bytes())
    obstore.put(store, key, whole[:-1] + bytes([whole[-1] ^ 1]))
    assert product.verify()[0] == 0  # its size is right
    code, words = product.run("verify", "--deep", "--repair")
    assert code == 1
    assert key in words
    assert image["id"] in words
    assert "from a backup" in words
    obstore.put(store, key, whole)
    assert product.run("verify", "--deep")[0] == 0


def test_a_running_product_is_not_repaired(product: Product, owner: Client) -> None:
    code, words = product.run("verify", "--repair")
    assert code == 1
    assert "stop" in words
    assert "Traceback" not in words

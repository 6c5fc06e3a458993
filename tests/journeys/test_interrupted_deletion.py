"""A deletion is whole whatever interrupts it, and nothing of the image is served meanwhile."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from safelight.image_app.models import renderings
from tests import plain_http
from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem
from tests.journeys.leftovers import stop_when_all_is_done
from tests.product import Product, wait_for
from tests.scaled import ScaledProduct

Json = dict[str, Any]
RENDERED = {"transformation": {"width": 77, "format": "webp"}, "expires_in": 600}
SHORT = {"SAFELIGHT_DRAIN_SECONDS": "2"}


def every_way_to_it(owner: Client, image: Json) -> list[str]:
    """Paths that anybody may open: original, variants, and something rendered by a link."""
    link: str = owner.post(f"/v1/images/{image['id']}/links", json=RENDERED).json()["url"]
    return [image["url"], *(variant["url"] for variant in image["variants"]), link]


def assert_gone(product: Product, owner: Client, image: Json, paths: list[str]) -> None:
    """At once, for those who remember it and those who don't, whatever the store does."""
    with Client(product.base_url) as stranger:
        for path in paths:
            for headers in ({}, {"If-None-Match": "*"}, {"Range": "bytes=0-1"}):
                assert_problem(stranger.get(path, headers=headers), 404, "image-not-found")
    for path in (f"/v1/images/{image['id']}", f"/i/{image['id']}/width=77,format=webp"):
        assert_problem(owner.get(path), 404, "image-not-found")
    assert owner.get("/v1/images").json()["items"] == []


def test_what_was_rendered_by_a_link_goes_with_its_image(install: Callable[..., Product]) -> None:
    product = install()
    product.start()
    owner = Client(product.base_url).sign_up()
    image = owner.upload_and_wait(pictures.jpeg())
    paths = every_way_to_it(owner, image)
    for path in paths:
        assert plain_http.get(f"{product.base_url}{path}").status_code == 200
    for _ in range(2):  # into the cache, and out of it
        assert len(owner.get("/v1/images").json()["items"]) == 1
        assert owner.get(f"/v1/images/{image['id']}").status_code == 200
    assert len(product.objects()) == 6
    assert owner.delete(f"/v1/images/{image['id']}").status_code == 204
    assert_gone(product, owner, image, paths)
    wait_for("the objects to go", lambda: not product.objects())
    wait_for("the rows to go", lambda: not product.rows(select(renderings.c.fingerprint)))
    stop_when_all_is_done(product)
    assert product.verify() == (0, "0 images, 0 promises, 0 differences\n")


@pytest.mark.parametrize("make", ["scaled"], indirect=True)
@pytest.mark.timeout(180)
def test_while_the_store_is_frozen_it_is_gone_for_all_and_erased_after_a_restart(
    install: Callable[..., Product],
) -> None:
    product = install(**SHORT)
    product.start()
    assert isinstance(product, ScaledProduct)
    owner = Client(product.base_url).sign_up()
    image = owner.upload_and_wait(pictures.jpeg())
    paths = every_way_to_it(owner, image)
    assert plain_http.get(f"{product.base_url}{paths[-1]}").status_code == 200
    product.servers.s3.pause()
    try:
        assert owner.delete(f"/v1/images/{image['id']}").status_code == 204
        assert_gone(product, owner, image, paths)
        product.stop()
    finally:
        product.servers.s3.resume()
    assert len(product.objects()) == 6
    product.start()
    wait_for("the objects to go", lambda: not product.objects())
    stop_when_all_is_done(product)
    assert product.verify() == (0, "0 images, 0 promises, 0 differences\n")


@pytest.mark.timeout(180)
def test_a_kill_between_the_answer_and_the_erasure_leaves_nothing(
    install: Callable[..., Product], buries_the_dead: None
) -> None:
    """What is just rendered of it holds up the erasure, so the kill surely comes before that."""
    product = install(**SHORT)
    product.start()
    owner = Client(product.base_url).sign_up()
    image = owner.upload_and_wait(pictures.jpeg())
    paths = every_way_to_it(owner, image)
    for decoder in product.decoders():
        decoder.suspend()

    def ask() -> None:
        with suppress(httpx.TransportError):
            plain_http.get(f"{product.base_url}{paths[-1]}", timeout=60)

    asking = threading.Thread(target=ask)
    asking.start()
    pending = select(renderings.c.fingerprint).where(renderings.c.status == "pending")
    wait_for("it to be under way", lambda: product.rows(pending))
    assert owner.delete(f"/v1/images/{image['id']}").status_code == 204
    assert_gone(product, owner, image, paths)
    product.kill()
    asking.join()
    assert len(product.objects()) == 5
    product.start()
    wait_for("the objects to go", lambda: not product.objects())
    owner.base_url = httpx.URL(product.base_url)
    assert_gone(product, owner, image, paths)
    stop_when_all_is_done(product)
    assert product.verify() == (0, "0 images, 0 promises, 0 differences\n")

"""What is in the way of whoever wants something rendered, and that nothing is left of it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from safelight.image_app.models import renderings
from tests import plain_http
from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem
from tests.product import Product, wait_for
from tests.scaled import ScaledProduct, Servers

SLOW = "width=800,format=avif,effort=4"
"""Takes a child a second or some."""
QUICK = "width=20,format=webp"

Json = dict[str, Any]


def under_way(product: Product) -> int:
    query = select(renderings.c.fingerprint).where(renderings.c.status == "pending")
    return len(product.rows(query))


@contextmanager
def asking(client: Client, path: str) -> Iterator[None]:
    """Somebody waits for it meanwhile; that the other side hangs up is part of the story."""

    def ask() -> None:
        with suppress(httpx.TransportError):
            plain_http.get(f"{client.base_url}{path}", headers=dict(client.headers), timeout=60)

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    thread.join()


def assert_all_is_well(product: Product) -> None:
    assert product.stop() == 0
    code, words = product.verify()
    assert code == 0, words


def test_more_than_the_limit_is_refused_and_a_little_later_it_is_not(
    stocked: Callable[..., Product],
) -> None:
    product = stocked(SAFELIGHT_LIMIT_RENDER="3/6second")
    with Client(product.base_url) as ann, Client(product.base_url) as bob:
        images = [c.sign_up().upload_and_wait(pictures.jpeg()) for c in (ann, bob)]
        paths = [f"/i/{images[0]['id']}/width={n},format=webp" for n in range(10, 30)]
        answers = [ann.get(path) for path in paths]
        refused = next(answer for answer in answers if answer.status_code != 200)
        assert_problem(refused, 429, "too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 6
        assert refused.headers["ratelimit-policy"] == '"render";q=3;w=6'
        assert refused.headers["ratelimit"].startswith('"render";r=0;t=')
        # What is there is not counted, and others are not meant.
        assert ann.get(paths[0]).status_code == 200
        assert ann.get(f"/i/{images[0]['id']}/thumb").status_code == 200
        assert bob.get(f"/i/{images[1]['id']}/{QUICK}").status_code == 200
        assert not under_way(product)
        unmade = paths[answers.index(refused)]
        wait_for("the limit to pass", lambda: ann.get(unmade).status_code == 200, pause=0.2)


def test_a_limit_that_is_none_is_refused_at_the_start(install: Callable[..., Product]) -> None:
    product = install(SAFELIGHT_LIMIT_RENDER="often")
    product.data.mkdir(exist_ok=True)
    if isinstance(product, ScaledProduct):
        product.prepare()
    command = "api" if isinstance(product, ScaledProduct) else "up"
    code, words = product.run(command, "--port", "0")
    assert code == 1
    assert "SAFELIGHT_LIMIT_RENDER can't be used: often is not like 10/second" in words


def test_a_kill_in_the_middle_leaves_nothing_and_the_next_request_is_answered(
    install: Callable[..., Product],
) -> None:
    product = install()
    product.start()
    with Client(product.base_url) as ann:
        image = ann.sign_up().upload_and_wait(pictures.camera_jpeg())
        path = f"/i/{image['id']}/{SLOW}"
        with asking(ann, path):
            wait_for("it to be under way", lambda: under_way(product))
            if isinstance(product, ScaledProduct):
                product.apis[0].kill()
                product.revive_api(0)
                product.base_url = product.apis[0].base_url
            else:
                product.kill()
                product.start()
        wait_for("the product to be ready", product.is_ready)
        ann.base_url = httpx.URL(product.base_url)
        answer = wait_for("it to be rendered", lambda: _rendered(ann, path))
        assert pictures.opened(answer.content).size == (800, 600)
        assert not under_way(product)
    assert_all_is_well(product)


def test_without_a_processor_what_was_made_is_delivered_and_the_rest_is_put_off(
    servers: Servers, install: Callable[..., Product]
) -> None:
    product = install()
    if not isinstance(product, ScaledProduct):
        pytest.skip("one process is both")
    product.start()
    with Client(product.base_url) as ann:
        image = ann.sign_up().upload_and_wait(pictures.jpeg())
        made = ann.get(f"/i/{image['id']}/{QUICK}")
        assert made.status_code == 200
        [processor] = product.processors
        assert 'safelight_renderings_total{result="made"} 1.0' in _metrics(processor.base_url)
        product.kill_processor()
        for what in ("width=30", "width=31,format=webp"):
            answer = ann.get(f"/i/{image['id']}/{what}")
            assert_problem(answer, 503, "service-unavailable")
            assert answer.headers["retry-after"]
        assert ann.get(f"/i/{image['id']}/{QUICK}").content == made.content
        assert len(product.rows(select(renderings.c.fingerprint))) == 1
    assert_all_is_well(product)


def test_an_api_that_knows_no_processor_says_so_and_delivers_what_is_there(
    install: Callable[..., Product],
) -> None:
    product = install()
    if not isinstance(product, ScaledProduct):
        pytest.skip("one process is both")
    product.environment["SAFELIGHT_PROCESSOR_TOKEN"] = ""
    product.start()
    with Client(product.base_url) as ann:
        image = ann.sign_up().upload_and_wait(pictures.jpeg())
        assert ann.get(f"/i/{image['id']}/thumb").status_code == 200
        refused = ann.get(f"/i/{image['id']}/{QUICK}")
        assert_problem(refused, 503, "service-unavailable")
    assert "no new transformation can be delivered" in product.log.read_text()
    assert_all_is_well(product)


async def test_two_apis_and_two_processors_make_equal_requests_once(
    servers: Servers, tmp_path: Path
) -> None:
    product = ScaledProduct(tmp_path, servers, apis=2, processors=2)
    try:
        await asyncio.to_thread(product.start)
        with Client(product.base_url) as ann:
            image = await asyncio.to_thread(ann.sign_up().upload_and_wait, pictures.jpeg())
            headers = {"Authorization": ann.headers["Authorization"]}
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            urls = [f"{api.base_url}/i/{image['id']}/{QUICK}" for api in product.apis]
            answers = await asyncio.gather(*(client.get(url) for url in urls * 25))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        told = "".join(_metrics(part.base_url) for part in product.processors)
        assert told.count('safelight_renderings_total{result="made"} 1.0') == 1
        await asyncio.to_thread(assert_all_is_well, product)
    finally:
        product.end()


def _rendered(client: Client, path: str) -> httpx.Response | None:
    answer = client.get(path)
    assert answer.status_code in (200, 404, 503), answer.text
    if answer.status_code != httpx.codes.OK:
        time.sleep(1)
        return None
    return answer


def _metrics(base_url: str) -> str:
    return plain_http.get(f"{base_url}/metrics").text

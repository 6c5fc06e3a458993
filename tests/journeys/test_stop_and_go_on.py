"""Stopping finishes what is under way; the next start goes on where the last one ended."""

import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread

import httpx
import psutil
import pytest
from sqlalchemy import select

from safelight.image_app.models import outbox
from tests.client import Client
from tests.journeys import pictures, wire
from tests.journeys.load import Ledger, Load, lost
from tests.plain_http import NO_TLS
from tests.product import Product, wait_for
from tests.scaled import ScaledProduct

FORM = "Content-Type: multipart/form-data; boundary=b"
MANY = 100_000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_under_load_it_drains_and_ends_well(
    install: Callable[..., Product], tmp_path: Path, number: signal.Signals
) -> None:
    product = install(SAFELIGHT_DRAIN_SECONDS="10")
    product.start()
    ledger = Ledger(tmp_path / "ledger")
    with Load(product, ledger, MANY) as load:
        wait_for("some promises", lambda: ledger.holds(20))
        load.up.clear()
        children = product.decoders()
        assert product.stop(number) == 0
        load.end()
        assert not [child for child in children if child.is_running()]
        assert not load.refusals
        assert "Traceback" not in product.log.read_text()
        code, words = product.verify()
        assert code == 0, words
        product.start()
        assert lost(load) == []


def test_an_upload_that_is_under_way_when_it_is_asked_to_stop_is_taken(
    install: Callable[..., Product],
) -> None:
    product = install(SAFELIGHT_DRAIN_SECONDS="20")
    product.start()
    with Client(product.base_url) as client:
        client.sign_up()
        body = wire.part(pictures.jpeg((1600, 1200))) + b"\r\n--b--\r\n"
        with wire.connect(client) as connection:
            connection.sendall(wire.head(client, FORM, f"Content-Length: {len(body)}"))
            connection.sendall(body[:100_000])
            wait_for("the upload to begin", product.uploads_under_way)
            stopping = Thread(target=product.stop)
            stopping.start()
            wait_for("it to take no more", lambda: _is_deaf(client))
            connection.sendall(body[100_000:])
            answer = wire.hear(connection)
        stopping.join()
    assert answer.status == 201
    assert product.verify()[0] == 0


def test_it_says_that_it_is_about_to_stop_while_it_still_serves(
    install: Callable[..., Product],
) -> None:
    product = install(SAFELIGHT_NOTICE_SECONDS="8")
    product.start()
    with Client(product.base_url) as client:
        client.sign_up()
        for part in product.parts:
            part.ask_to_stop()
        for part in product.parts:
            with httpx.Client(base_url=part.base_url, verify=NO_TLS, timeout=60) as proxy:
                wait_for("it to say so", partial(_is_stopping, proxy))
                assert proxy.get("/health/live").status_code == 200
        assert client.get("/v1/images").status_code == 200
    for part in product.parts:
        assert part.wait() == 0


def test_what_was_left_waiting_is_processed_after_the_next_start(
    install: Callable[..., Product],
) -> None:
    product = install(SAFELIGHT_DRAIN_SECONDS="0")
    product.start()
    with Client(product.base_url) as client:
        client.sign_up()
        for decoder in product.decoders():
            decoder.suspend()
        waiting = [client.upload(pictures.jpeg(number=n))["id"] for n in range(20)]
        client.delete(f"/v1/images/{waiting.pop()}")
        assert product.stop() == 0
        code, words = product.verify()
        assert code == 0, words
        product.start()
        client.base_url = product.base_url
        assert {client.processed(image_id)["status"] for image_id in waiting} == {"ready"}
        assert [image["id"] for image in client.all_images()] == waiting[::-1]
        wait_for("the deleted one to go", lambda: len(product.objects()) == len(waiting) * 5)
        wait_for("all events to be told", lambda: not product.rows(select(outbox.c.id)))
    assert product.stop() == 0
    assert product.verify() == (0, "19 images, 0 promises, 0 differences\n")


def test_a_decoder_that_dies_costs_one_try(install: Callable[..., Product]) -> None:
    product = install(SAFELIGHT_CHILDREN="1")
    product.start()
    with Client(product.base_url) as client:
        client.sign_up()
        for number in range(3):
            [decoder] = product.decoders()
            decoder.suspend()
            image = client.upload(pictures.jpeg(number=number))
            decoder.send_signal((signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT)[number])
            with suppress(psutil.NoSuchProcess):  # it may be gone at once
                decoder.resume()
            assert client.processed(image["id"])["status"] == "ready"
        wait_for("it to be ready", product.is_ready)


def test_tokens_and_links_outlive_a_restart(install: Callable[..., Product]) -> None:
    product = install()
    product.start()
    with Client(product.base_url) as client:
        image = client.sign_up().upload_and_wait(pictures.jpeg())
        cursor = client.get("/v1/images", params={"limit": 1}).json()["next_cursor"]
        assert cursor is None
        product.stop()
        product.start()
        client.base_url = product.base_url
        assert client.image(image["id"]) == image
        assert client.variant(image, "thumb")


def _is_stopping(proxy: httpx.Client) -> bool:
    answer = proxy.get("/health/ready")
    return (answer.status_code, answer.json()["status"]) == (503, "stopping")


def _is_deaf(client: Client) -> bool:
    try:
        with wire.connect(client):
            return False
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_as_soon_as_it_has_said_where_it_is_it_ends_well(
    install: Callable[..., Product], number: signal.Signals
) -> None:
    """Before it serves, and before whatever serves listens to signals itself."""
    product = install()
    if isinstance(product, ScaledProduct):
        product.prepare()
        parts = [product.part("api", "--port", "0"), product.add_processor()]
    else:
        parts = [product.part("up", "--port", "0")]
    product.parts = parts
    assert product.stop(number) == 0
    assert "Traceback" not in product.log.read_text()

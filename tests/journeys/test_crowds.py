"""Many uploads, many at once, and many that do not get on."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import httpx
import psutil
import pytest

from safelight.image_app import turns
from tests.client import Client
from tests.journeys import pictures, wire
from tests.journeys.answers import assert_problem, first_refusal
from tests.journeys.conftest import Make
from tests.memory import Peak
from tests.product import Product, wait_for

CROWD = 200
PLACES = 20
MUCH = 80
BODY_SECONDS = 6
PACE = 0.01
"""Seconds between two bytes of those who send next to nothing."""
GROWTH = 100 << 20
FORM = "Content-Type: multipart/form-data; boundary=b"
JSON = "Content-Type: application/json"
LENGTH = "Content-Length: 20000"


@pytest.fixture(scope="module")
def strict(stocked: Callable[..., Product]) -> Product:
    """A product in which little may be done in a minute."""
    return stocked(SAFELIGHT_LIMIT_UPLOAD="3/minute", SAFELIGHT_LIMIT_JOBS="2/minute")


@pytest.fixture(scope="module")
def crowded(stocked: Callable[..., Product]) -> Product:
    """A product in which little is kept and nobody has much time."""
    return stocked(
        SAFELIGHT_QUOTA_IMAGES=str(PLACES),
        SAFELIGHT_UPLOADS_AT_ONCE="32",
        SAFELIGHT_BODY_SECONDS=str(BODY_SECONDS),
    )


@pytest.fixture
def guest(strict: Product) -> Iterator[Client]:
    with Client(strict.base_url) as client:
        yield client.sign_up()


def test_an_account_uploads_as_often_as_it_may_and_is_told_how_often_that_is(
    strict: Product, guest: Client
) -> None:
    taken: list[str] = []
    began = time.monotonic()

    def offer() -> httpx.Response:
        answer = guest.offer(pictures.jpeg())
        if answer.status_code == 201:
            assert answer.headers["ratelimit-policy"] == '"upload";q=3;w=60'
            taken.append(answer.headers["ratelimit"].partition(";t=")[0])
        return answer

    first_refusal(offer, 3)
    assert taken[0] == '"upload";r=2'
    assert len(taken) >= 3
    with wire.connect(guest) as connection:  # whose body nobody waits for
        connection.sendall(wire.head(guest, FORM, "Content-Length: 20000000"))
        assert wire.hear(connection).status == 429
    refused = first_refusal(offer, 3)
    assert_problem(refused, 429, "too-many-requests")
    assert 59 - (time.monotonic() - began) <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"] == f'"upload";r=0;t={refused.headers["retry-after"]}'
    assert len(guest.all_images()) == len(taken)
    with Client(strict.base_url) as other:
        assert other.sign_up().offer(pictures.jpeg()).status_code == 201


def test_an_account_asks_for_work_as_often_as_it_may(guest: Client) -> None:
    image_id = guest.upload_and_wait(pictures.jpeg())["id"]
    taken: list[str] = []

    def ask() -> httpx.Response:
        answer = guest.post(f"/v1/images/{image_id}/reprocess")
        if answer.status_code == 202:
            assert answer.headers["ratelimit-policy"] == '"jobs";q=2;w=60'
            taken.append(answer.headers["ratelimit"].partition(";t=")[0])
        return answer

    first_refusal(ask, 2)
    assert taken[0] == '"jobs";r=1'
    assert len(taken) >= 2
    wanted = {"name": "square", "transformation": {"width": 50}}
    answer = guest.post(f"/v1/images/{image_id}/variants", json=wanted)
    if answer.status_code == 202:  # an API that waits too long for its Redis counts by itself
        answer = guest.post(f"/v1/images/{image_id}/variants", json=wanted | {"name": "other"})
    assert_problem(answer, 429, "too-many-requests")
    assert answer.headers["ratelimit-policy"] == '"jobs";q=2;w=60'
    assert answer.headers["retry-after"]


def test_many_who_send_next_to_nothing_hold_up_nobody_and_are_let_go(
    crowded: Product,
) -> None:
    with ExitStack() as open_ones:
        slow, guest = (
            open_ones.enter_context(Client(crowded.base_url)).sign_up() for _ in range(2)
        )
        crowd = [open_ones.enter_context(wire.connect(guest)) for _ in range(CROWD)]
        began = time.monotonic()
        for number, connection in enumerate(crowd):
            connection.sendall(_start(slow, number))
        assert guest.offer(pictures.jpeg()).status_code == 201
        assert not wire.answered(crowd) or time.monotonic() > began + turns.PATIENCE
        end = began + BODY_SECONDS - 1
        while time.monotonic() < end:
            for connection in crowd[:10]:
                connection.sendall(b"x")
            assert guest.get("/v1/images").status_code == 200
            time.sleep(PACE)
        statuses = Counter(_end(connection) for connection in crowd)
    assert set(statuses) <= {408, 429}
    assert statuses[408] >= CROWD // 2
    wait_for("the uploads to end", lambda: not crowded.uploads_under_way())


def _start(slow: Client, number: int) -> bytes:
    """The start of an upload, or of something that anybody may send."""
    if number % 2:
        return wire.head(slow, FORM, LENGTH) + b"--b\r\nX: "
    return wire.head(slow, JSON, LENGTH, signed_in=False, path="/v1/auth/register") + b"{"


def _end(connection: socket.socket) -> int:
    """Status of the answer that comes though the request has no end."""
    head = connection.recv(65536).lower()
    assert b"\r\nconnection: close\r\n" in head
    return int(head.split(b" ", 2)[1])


@pytest.mark.timeout(120)
def test_one_who_uploads_a_little_does_not_wait_for_one_who_uploads_much(
    make: Make, stocked: Callable[..., Product]
) -> None:
    if make is not Product:
        pytest.skip("a broker hands out what came first")
    product = stocked(SAFELIGHT_CHILDREN="1", SAFELIGHT_UPLOADS_AT_ONCE=str(4 * MUCH))
    with Client(product.base_url) as much, Client(product.base_url) as little:
        little.sign_up()
        much.sign_up()
        [decoder] = product.decoders()
        decoder.suspend()  # it could be faster than those who upload
        asyncio.run(_all_at_once(much, MUCH))
        image_id = little.upload(pictures.jpeg())["id"]
        with suppress(psutil.NoSuchProcess):  # its time is over if that took long
            decoder.resume()
        done = little.processed(image_id)
        assert done["status"] == "ready"
        ends = [much.processed(image["id"])["updated_at"] for image in much.all_images()]
    assert len([end for end in ends if end > done["updated_at"]]) > MUCH // 4


@pytest.mark.timeout(120)
def test_a_crowd_at_the_edge_of_a_quota_never_gets_past_it(crowded: Product) -> None:
    with Client(crowded.base_url) as client:
        client.sign_up().upload_and_wait(pictures.jpeg((64, 48), 0))
        with Peak(crowded) as before:
            pass
        with Peak(crowded) as peak:
            answers = asyncio.run(_all_at_once(client))
            if not [answer for answer in answers if answer.status_code == 403]:
                # So slow was the machine that most have waited for too long.
                answers += asyncio.run(_all_at_once(client))
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) <= {201, 403, 408, 429, 503}
        for answer in answers:
            assert answer.status_code in (201, 403, 408) or answer.headers["retry-after"]
        while (answer := client.offer(pictures.jpeg((64, 48), 0))).status_code == 201:
            statuses[201] += 1  # a slow machine has let some wait for too long
        assert_problem(answer, 403, "quota-exceeded")
        assert statuses[201] == PLACES - 1
        for kind, most in peak.most.items():
            assert most < before.most.get(kind, most) + GROWTH
        assert client.get("/v1/auth/me").json()["usage"]["images"] == PLACES
        kept = {image["path"] for image in client.all_images()}
        owner = client.get("/v1/auth/me").json()["id"]
        originals = {key for key in crowded.objects() if key.startswith(f"originals/{owner}")}
        assert originals == kept
        assert len(kept) == PLACES


async def _all_at_once(client: Client, count: int = CROWD) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=count)
    headers = {"Authorization": client.headers["Authorization"]}
    async with httpx.AsyncClient(
        base_url=client.base_url, headers=headers, limits=limits, timeout=60
    ) as many:
        files = [{"file": ("x.jpg", pictures.jpeg((640, 480), n))} for n in range(count)]
        tries = (many.post("/v1/images", files=file) for file in files)
        return list(await asyncio.gather(*tries))

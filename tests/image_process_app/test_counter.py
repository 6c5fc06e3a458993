"""The counter at which the API has pictures made while somebody waits."""

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO

import httpx
import pytest
from PIL import Image
from prometheus_client import REGISTRY

from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Job
from safelight.image_process_app.counter import BODY_BYTES, Counter
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.health import Station
from safelight.image_process_app.render import PoolRenderer
from tests.backends.rendering.serving import served
from tests.backends.rendering.test_http import JOB, TOKEN
from tests.image_app.delivered.given import Darkroom
from tests.image_app.given import all_keys, chunks_of

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
BODY = JOB.model_dump_json().encode()


async def check() -> None:
    return


@pytest.fixture
async def station(objects: Objects, pool: DecoderPool) -> AsyncIterator[httpx.AsyncClient]:
    """A processor's HTTP side, over real decoders."""
    counter = Counter(PoolRenderer(objects, pool, at_most=4), TOKEN)
    app = Station(None, {}, check, counter)  # type: ignore[arg-type] # it is not started here
    async with served(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture
async def job(objects: Objects, photograph: bytes) -> Job:
    await objects.put(keys.original(JOB.account_id, JOB.image_id), chunks_of(photograph))
    return JOB.model_copy(update={"sha256": sha256(photograph).hexdigest()})


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("safelight_renderings_total", {"result": result}) or 0


async def ask(station: httpx.AsyncClient, job: Job) -> httpx.Response:
    return await station.post("/render", content=job.model_dump_json(), headers=AUTHORIZED)


async def test_a_picture_is_rendered_and_nothing_is_stored(
    station: httpx.AsyncClient, job: Job, objects: Objects
) -> None:
    before, made = await all_keys(objects), counted("made")
    answer = await ask(station, job)
    assert answer.status_code == 200
    picture = Image.open(BytesIO(answer.content))
    assert (picture.format, picture.size) == ("WEBP", (3, 2))
    assert answer.headers["content-type"] == "image/webp"
    assert (answer.headers["x-width"], answer.headers["x-height"]) == ("3", "2")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert await all_keys(objects) == before
    assert counted("made") == made + 1


async def test_what_can_not_be_made_is_refused_with_the_reason(
    station: httpx.AsyncClient, job: Job, objects: Objects
) -> None:
    missing = job.model_copy(update={"image_id": job.account_id})
    answer = await ask(station, missing)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["fault"]["code"] == "original-missing"
    await objects.put(keys.original(job.account_id, job.image_id), chunks_of(b"no picture"))
    assert (await ask(station, job)).json()["fault"]["code"] == "original-damaged"
    damaged = job.model_copy(update={"sha256": sha256(b"no picture").hexdigest()})
    assert (await ask(station, damaged)).json()["fault"]["code"] == "corrupt-image"


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", TOKEN, "Bearer é"])
async def test_whoever_has_no_token_is_told_nothing(station: httpx.AsyncClient, given: str) -> None:
    headers = {b"Authorization": given.encode()}
    for method in ("POST", "GET", "PUT"):
        answer = await station.request(method, "/render", content=BODY, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b"[" * 50_000, 400),
        (b"\xff", 400),
        (json.dumps(JOB.model_dump(mode="json") | {"variants": []}).encode(), 400),
        (b" " * (BODY_BYTES + 1), 413),
        (BODY + b" " * (BODY_BYTES + 1), 413),
    ],
)
async def test_what_is_no_job_is_refused(
    station: httpx.AsyncClient, body: bytes, status: int
) -> None:
    answer = await station.post("/render", content=body, headers=AUTHORIZED)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_option_of_another_release_is_refused_and_not_overlooked(
    station: httpx.AsyncClient, job: Job
) -> None:
    document = job.model_dump(mode="json")
    document["variants"][0]["transformation"]["sepia"] = 1
    answer = await station.post("/render", json=document, headers=AUTHORIZED)
    assert answer.status_code == 400


async def test_only_posts_are_taken(station: httpx.AsyncClient) -> None:
    answer = await station.get("/render", headers=AUTHORIZED)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await station.head("/render", headers=AUTHORIZED)).status_code == 405


async def test_nothing_is_made_for_whoever_has_left() -> None:
    darkroom = Darkroom()
    darkroom.open.clear()
    async with (
        served(Counter(darkroom, TOKEN)) as url,
        httpx.AsyncClient(base_url=url, timeout=60) as client,
    ):
        asking = asyncio.create_task(ask(client, JOB))
        await darkroom.busy()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(60):
            while not darkroom.given_up:
                await asyncio.sleep(0.001)


async def test_a_processor_without_a_token_offers_nothing() -> None:
    app = Station(None, {}, check)  # type: ignore[arg-type] # it is not started here
    async with served(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        assert (await client.post("/render", content=BODY, headers=AUTHORIZED)).status_code == 405
        assert (await client.get("/render", headers=AUTHORIZED)).status_code == 404

"""One job from message to outcome."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import psutil
import pytest
from PIL import Image

from safelight.backends.delivery import Unreadable
from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import (
    JOBS,
    OUTCOMES,
    Job,
    Message,
    Outcome,
    WantedVariant,
    job_message,
)
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_process_app.app import job_handler
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.process import process
from safelight.image_process_app.tries import TRIES
from tests.journeys import pictures

ACCOUNT = "0190aaaa-0000-7000-8000-000000000001"
IMAGE = "0190aaaa-0000-7000-8000-000000000002"


async def given(objects: Objects, content: bytes, content_type: str = "image/jpeg") -> Job:
    """A job for a picture that is in the object store."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    await objects.put(keys.original(ACCOUNT, IMAGE), chunks())
    return Job(
        id="job-1",
        account_id=ACCOUNT,
        image_id=IMAGE,
        content_type=content_type,
        size=len(content),
        sha256=sha256(content).hexdigest(),
        variants=[WantedVariant(name=n, transformation=t) for n, t in BUILT_IN.items()],
    )


async def read(objects: Objects, key: str) -> bytes:
    return b"".join([chunk async for chunk in await objects.read(key)])


async def stored(objects: Objects) -> dict[str, bytes]:
    found = [key async for batch in objects.list("variants/") for key, _ in batch]
    return {key: await read(objects, key) for key in found}


async def test_every_variant_is_stored_under_its_key(objects: Objects, pool: DecoderPool) -> None:
    job = await given(objects, pictures.jpeg())
    outcome = await process(job, objects, pool)
    assert outcome.error is None
    assert outcome.description is not None
    assert {made.name for made in outcome.variants} == set(BUILT_IN)
    for made in outcome.variants:
        key = keys.variant(ACCOUNT, IMAGE, made.fingerprint, job.sha256)
        content = await read(objects, key)
        assert made.fingerprint == BUILT_IN[made.name].fingerprint()
        assert len(content) == made.size
        assert pictures.opened(content).size == (made.width, made.height)
        assert Image.MIME[pictures.opened(content).format or ""] == made.content_type


async def test_doing_it_twice_gives_the_same_objects(objects: Objects, pool: DecoderPool) -> None:
    job = await given(objects, pictures.jpeg())
    first = await process(job, objects, pool)
    objects_then = await stored(objects)
    assert await process(job, objects, pool) == first
    assert await stored(objects) == objects_then


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (pictures.jpeg()[:9000], "image/jpeg", "corrupt-image"),
        (b"\xff\xd8\xff\xe0 and nothing more", "image/jpeg", "corrupt-image"),
        (pictures.still("PNG"), "image/jpeg", "corrupt-image"),
    ],
)
async def test_what_can_not_be_opened_is_an_outcome_and_no_failure(
    objects: Objects, pool: DecoderPool, content: bytes, content_type: str, code: str
) -> None:
    job = await given(objects, content, content_type)
    outcome = await process(job, objects, pool)
    assert outcome.error is not None
    assert outcome.error.code == code
    assert not await stored(objects)


async def test_a_picture_whose_file_is_gone_is_rejected(
    objects: Objects, pool: DecoderPool
) -> None:
    job = await given(objects, pictures.jpeg())
    await objects.delete(keys.original(ACCOUNT, IMAGE))
    outcome = await process(job, objects, pool)
    assert outcome.error is not None
    assert outcome.error.code == "original-missing"


async def test_a_picture_whose_file_has_other_bytes_than_came_is_rejected(
    objects: Objects, pool: DecoderPool
) -> None:
    job = await given(objects, pictures.jpeg())
    await given(objects, pictures.jpeg(number=1))
    outcome = await process(job, objects, pool)
    assert outcome.error is not None
    assert outcome.error.code == "original-damaged"
    assert not await stored(objects)


async def test_a_picture_that_kills_its_decoder_every_time_is_rejected(objects: Objects) -> None:
    job = await given(objects, pictures.camera_jpeg())
    me, killed = psutil.Process(), set[int]()
    before = {child.pid for child in me.children()}
    pool = DecoderPool(children=1)
    await pool.start()
    working = asyncio.create_task(process(job, objects, pool))
    while not working.done():
        for child in me.children():
            if child.pid not in before | killed and _uses_descriptors(child):
                killed.add(child.pid)
                os.kill(child.pid, signal.SIGKILL)
        await asyncio.sleep(0.005)
    outcome = await working
    assert outcome.error is not None
    assert outcome.error.code == "processing-error"
    # A child that is hit late, when it makes a variant already, counts for that one alone.
    assert TRIES <= len(killed) <= TRIES + len(job.variants)
    neighbour = await process(await given(objects, pictures.jpeg()), objects, pool)
    assert neighbour.error is None
    await pool.stop()


async def test_a_variant_that_takes_too_long_fails_alone(objects: Objects) -> None:
    job = await given(objects, pictures.jpeg((1500, 1000)))
    slow = Transformation(format="gif", effort=9)
    job = job.model_copy(
        update={"variants": [*job.variants, WantedVariant(name="slow", transformation=slow)]}
    )
    pool = DecoderPool(children=1, deadline=1.0)
    await pool.start()
    outcome = await process(job, objects, pool)
    await pool.stop()
    assert outcome.error is None
    assert outcome.description is not None
    errors = {variant.name: variant.error for variant in outcome.variants}
    assert {name for name, error in errors.items() if error} == {"slow"}
    assert set(errors) == {*BUILT_IN, "slow"}
    assert errors["slow"] is not None
    assert errors["slow"].code == "variant-failed"


def _uses_descriptors(child: psutil.Process) -> bool:
    """Whether a picture was handed to it."""
    try:
        links = [str(fd.readlink()) for fd in Path(f"/proc/{child.pid}/fd").iterdir()]
    except OSError:
        return False
    return any("originals" in link for link in links)


async def test_a_job_is_done_only_when_its_outcome_is_delivered(
    objects: Objects, pool: DecoderPool
) -> None:
    job = await given(objects, pictures.jpeg())
    delivery, outcomes = InProcessDelivery(backoff=()), list[Outcome]()

    async def take(message: Message) -> None:
        outcomes.append(Outcome.model_validate_json(message.body))

    delivery.subscribe(OUTCOMES, take, "test")
    await job_handler(objects, pool, delivery)(job_message(job, datetime.now(UTC)))
    [outcome] = outcomes
    assert (outcome.job_id, outcome.image_id) == (job.id, job.image_id)


async def test_a_message_that_is_no_job_is_unreadable(objects: Objects, pool: DecoderPool) -> None:
    handler = job_handler(objects, pool, InProcessDelivery())
    for body in (b"", b"\xff\xfe", b"{}", b'{"id": 1}'):
        with pytest.raises(Unreadable):
            await handler(Message(JOBS, IMAGE, body))


@pytest.mark.parametrize(
    "foreign",
    [
        {"account_id": "../../etc"},
        {"image_id": "../passwd"},
        {"sha256": "../../../passwd"},
        {"overlays": [{"image_id": "../../etc/passwd", "content_type": "image/png"}]},
    ],
)
async def test_a_job_that_names_no_image_of_ours_is_unreadable(
    objects: Objects, pool: DecoderPool, foreign: dict[str, object]
) -> None:
    job = await given(objects, pictures.jpeg())
    foreign_job = Job.model_validate(job.model_dump() | foreign)
    handler = job_handler(objects, pool, InProcessDelivery())
    with pytest.raises(Unreadable, match="no image of ours"):
        await handler(job_message(foreign_job, datetime.now(UTC)))
    assert await stored(objects) == {}

"""`safelight verify` and what moves: replacements, renderings, deletions, jobs under way."""

import pytest
from sqlalchemy import delete, select

from safelight.contract.messages import EVENTS, JOBS, Message, dead_letter, outcome_message
from safelight.contract.transformations import Transformation
from safelight.image_app import clock, verification
from safelight.image_app.models import outbox, renderings
from tests.image_app.given import chunks_of, process, promised
from tests.image_app.waiting import Waiting

OLD, NEW = (Transformation(width=side).fingerprint() for side in (50, 60))


async def found(waiting: Waiting, *at_the_broker: Message) -> list[str]:
    resources = waiting.resources
    differences = verification.differences(resources.database, resources.objects, at_the_broker)
    return [str(difference) async for difference in differences]


async def forget_jobs(waiting: Waiting, keep: int = 0) -> None:
    """What was promised first is done; so many of the last are kept."""
    async with waiting.resources.database.writing() as connection:
        last = select(outbox.c.id).where(outbox.c.topic == JOBS).order_by(outbox.c.id.desc())
        kept = (await connection.execute(last.limit(keep))).scalars().all() if keep else []
        await connection.execute(
            delete(outbox).where(outbox.c.topic == JOBS, outbox.c.id.not_in(kept))
        )


async def a_rendering(waiting: Waiting, status: str, size: int | None = None) -> None:
    async with waiting.resources.database.writing() as connection:
        await connection.execute(
            renderings.insert().values(
                image_id=waiting.image_id,
                fingerprint=OLD,
                status=status,
                started_at=clock.now(),
                size=size,
            )
        )


async def put(waiting: Waiting, fingerprint: str, content: bytes = b"pixels") -> None:
    await waiting.resources.objects.put(waiting.key(fingerprint), chunks_of(content))


@pytest.fixture
async def own(ready: Waiting) -> Waiting:
    """A variant by a preset that has changed, about to be replaced."""
    await ready.preset("own", width=50)
    await ready.answer(await ready.reprocess("own"))
    await ready.forget_events()
    await forget_jobs(ready)
    await ready.preset("own", width=60)
    await ready.reprocess("own")
    return ready


async def test_a_replacement_may_be_there_before_it_is_told_of(own: Waiting) -> None:
    assert await found(own) == []
    await put(own, NEW)
    assert await found(own) == []
    await own.resources.objects.delete(own.key(OLD))
    assert await found(own) == [f"image {own.image_id}: its object {own.key(OLD)} is missing"]


async def test_what_is_made_anew_under_its_own_name_may_have_another_size(ready: Waiting) -> None:
    await forget_jobs(ready)
    job = await ready.reprocess()
    await process(ready.resources, job, b"other pixels")
    assert await found(ready) == []


async def test_a_job_that_is_nowhere_is_missed_by_each_that_waits_for_it(own: Waiting) -> None:
    await own.add("square", width=70)
    await forget_jobs(own, keep=1)
    assert await found(own) == [
        f"image {own.image_id}: its own waits for a job that is not promised"
    ]
    await forget_jobs(own)
    assert await found(own) == [
        f"image {own.image_id}: is processing and no job is promised for it"
    ]


async def test_a_job_counts_wherever_it_is_on_its_way(own: Waiting) -> None:
    job = await own.last_job()
    [message] = await promised(own.resources.database, JOBS)
    outcome = outcome_message(await process(own.resources, job), clock.now())
    await forget_jobs(own)
    for way in (message, outcome, dead_letter(message, "late"), dead_letter(outcome, "late")):
        assert await found(own, way) == []


async def test_what_was_replaced_may_be_there_until_its_promise_is_kept(own: Waiting) -> None:
    await own.answer(await own.last_job())
    await forget_jobs(own)
    assert await found(own) == []
    promises = await own.promises()
    await own.forget_events()
    assert await found(own) == [f"object {own.key(OLD)}: belongs to no image"]
    assert await found(own, *promises) == []
    assert await found(own, *(dead_letter(promise, "late") for promise in promises)) == []


async def test_what_was_deleted_may_be_there_until_its_promise_is_kept(own: Waiting) -> None:
    await own.delete("own")
    assert await found(own) == []
    await put(own, NEW)
    assert await found(own) == []  # its job is on the way, and its outcome will erase it
    await forget_jobs(own)
    assert await found(own) == [f"object {own.key(NEW)}: belongs to no image"]
    await own.forget_events()
    assert len(await found(own)) == 2


async def test_a_failed_variant_needs_no_object_and_may_have_one(ready: Waiting) -> None:
    await ready.bury(await ready.add("square", width=50))
    await forget_jobs(ready)
    assert await found(ready) == []
    await put(ready, OLD)
    assert await found(ready) == []


async def test_an_object_of_two_names_is_missed_once(ready: Waiting) -> None:
    for name in ("one", "two"):
        await ready.answer(await ready.add(name, width=50))
    await forget_jobs(ready)
    assert await found(ready) == []
    await ready.resources.objects.delete(ready.key(OLD))
    assert await found(ready) == [f"image {ready.image_id}: its object {ready.key(OLD)} is missing"]


@pytest.mark.parametrize(
    ("status", "there", "words"),
    [
        ("ready", 6, ""),
        ("ready", 5, "has 5 bytes and should have 6"),
        ("ready", None, "is missing"),
        ("pending", 6, ""),
        ("pending", None, ""),
        ("failed", 6, ""),
        ("failed", None, ""),
    ],
)
async def test_a_rendering_has_its_object_once_it_is_ready(
    ready: Waiting, status: str, there: int | None, words: str
) -> None:
    await forget_jobs(ready)
    await a_rendering(ready, status, 6 if status == "ready" else None)
    if there is not None:
        await put(ready, OLD, bytes(there))
    lines = await found(ready)
    assert len(lines) == bool(words)
    assert all(line.endswith(words) and ready.key(OLD) in line for line in lines)


async def test_what_can_not_be_read_promises_nothing(ready: Waiting) -> None:
    await forget_jobs(ready)
    await put(ready, OLD)
    line = f"object {ready.key(OLD)}: belongs to no image"
    for kind in ("image.job", "image.outcome", "variant.deleted", "variant.ready"):
        message = Message(EVENTS, ready.image_id, b"\xff", {"ce_type": kind})
        assert await found(ready, message) == [line]

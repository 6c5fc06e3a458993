"""What nobody answered is promised again: once in a while, by whoever looks first."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update

from safelight.contract.messages import EVENTS, JOBS, Job
from safelight.image_app import clock, reconciler
from safelight.image_app.images import queries, service
from safelight.image_app.models import events, images, outbox, variants
from safelight.image_app.promises import LOST_AFTER
from safelight.image_app.reconciler import reconcile
from safelight.image_app.resources import Resources
from tests.image_app.given import all_keys, jobs_of, promised, the_image
from tests.image_app.waiting import SQUARE, Waiting

LATER = LOST_AFTER + timedelta(minutes=1)
SOONER = LOST_AFTER - timedelta(minutes=1)


async def lose(resources: Resources, topic: str) -> None:
    """What is promised on a topic goes, as if a broker had lost it."""
    async with resources.database.writing() as connection:
        await connection.execute(delete(outbox).where(outbox.c.topic == topic))


async def round_(waiting: Waiting, after: timedelta = LATER) -> int:
    return await reconcile(waiting.resources, clock.now() + after)


async def test_a_job_that_is_nowhere_is_promised_again_as_it_was(waiting: Waiting) -> None:
    await lose(waiting.resources, JOBS)
    assert await round_(waiting, SOONER) == 0
    assert await round_(waiting) == 1
    assert await jobs_of(waiting.resources, waiting.image_id) == [waiting.job]
    await waiting.answer(waiting.job)
    assert (await waiting.row()).status == "ready"
    assert await waiting.statuses() == {"ready"}


async def test_the_first_answer_counts_whichever_job_it_is_of(waiting: Waiting) -> None:
    """A job that only waited long is answered by its first delivery, not by its second."""
    await lose(waiting.resources, JOBS)
    await round_(waiting)
    for _ in range(2):
        await waiting.answer(waiting.job)
    assert (await waiting.row()).status == "ready"
    assert (await waiting.events()).count("image.ready") == 1


async def test_what_is_asked_for_again_is_asked_once_in_that_time(waiting: Waiting) -> None:
    await lose(waiting.resources, JOBS)
    assert await round_(waiting) == 1
    await lose(waiting.resources, JOBS)  # handed to a broker, where it waits in a long queue
    assert await round_(waiting, LATER + SOONER) == 0
    assert await round_(waiting, LATER + LATER) == 1


async def test_a_clock_that_was_far_ahead_for_a_while_hides_nothing(waiting: Waiting) -> None:
    """Neither by when something was missed, nor by when it was made or deleted."""
    year = timedelta(days=365)
    await lose(waiting.resources, JOBS)
    assert await round_(waiting, year) == 1
    await lose(waiting.resources, JOBS)
    assert await round_(waiting) == 1
    assert await round_(waiting, LATER + SOONER) == 0
    job_id = clock.first_id_at(clock.now() + year)
    async with waiting.resources.database.writing() as connection:
        await connection.execute(update(variants).values(job_id=job_id))
        await connection.execute(update(images).values(created_at=clock.now() + year))
    await lose(waiting.resources, JOBS)
    assert await round_(waiting, 3 * LATER) == 1
    assert (await waiting.last_job()).id == job_id
    await service.delete_image(waiting.resources, waiting.account_id, waiting.image_id)
    async with waiting.resources.database.writing() as connection:
        await connection.execute(update(images).values(deleted_at=clock.now() + year))
    await lose(waiting.resources, EVENTS)
    assert await round_(waiting, 5 * LATER) == 1


async def test_a_job_whose_promise_is_still_there_is_not_doubled(waiting: Waiting) -> None:
    assert await round_(waiting) == 0
    assert await jobs_of(waiting.resources, waiting.image_id) == [waiting.job]


async def test_of_several_who_look_at_once_one_promises(waiting: Waiting) -> None:
    await lose(waiting.resources, JOBS)
    later = clock.now() + LATER
    mended = await asyncio.gather(*(reconcile(waiting.resources, later) for _ in range(4)))
    assert sum(mended) == 1
    assert await jobs_of(waiting.resources, waiting.image_id) == [waiting.job]


async def test_what_waits_for_several_jobs_gets_each_that_was_lost(square: Waiting) -> None:
    first = await square.reprocess("thumb")
    second = await square.add("other", width=70)
    await lose(square.resources, JOBS)
    assert await round_(square) == 1
    asked = {job.id: job for job in await jobs_of(square.resources, square.image_id)}
    assert set(asked) == {first.id, second.id}
    assert [variant.name for variant in asked[first.id].variants] == ["thumb"]
    for job in asked.values():
        await square.answer(job)
    assert (await square.row()).status == "ready"


async def test_a_replacement_that_was_lost_is_asked_for_as_it_was_wanted(ready: Waiting) -> None:
    await ready.preset("own", width=70)
    await ready.answer(await ready.reprocess("own"))
    await ready.preset("own", **SQUARE)
    job = await ready.reprocess("own")
    await lose(ready.resources, JOBS)
    assert await round_(ready) == 1
    assert await ready.last_job() == job


async def test_an_upload_whose_variants_all_went_is_seen_all_the_same(waiting: Waiting) -> None:
    for name in [variant.name for variant in waiting.job.variants]:
        await waiting.delete(name)
    await lose(waiting.resources, JOBS)
    assert await round_(waiting) == 1
    job = await waiting.last_job()
    assert job.variants == []
    await waiting.answer(job)
    assert (await waiting.row()).status == "ready"


async def test_a_variant_of_an_earlier_release_gets_a_job(waiting: Waiting) -> None:
    await lose(waiting.resources, JOBS)
    async with waiting.resources.database.writing() as connection:
        await connection.execute(update(variants).values(job_id=None))
    assert await round_(waiting) == 1
    job = await waiting.last_job()
    assert {row.job_id for row in (await waiting.variants()).values()} == {job.id}
    await waiting.answer(job)
    assert (await waiting.row()).status == "ready"


async def test_what_is_ready_is_left_alone(ready: Waiting) -> None:
    await lose(ready.resources, JOBS)
    assert await round_(ready) == 0
    assert (await ready.row()).missed_at is None


async def test_an_erasure_that_was_lost_is_promised_again_as_it_was(ready: Waiting) -> None:
    await service.delete_image(ready.resources, ready.account_id, ready.image_id)
    [promise] = await promised(ready.resources.database, EVENTS)
    await lose(ready.resources, JOBS)
    assert await round_(ready) == 0  # it is still promised
    await lose(ready.resources, EVENTS)
    assert await round_(ready, LATER + SOONER) == 0  # it was looked for just now
    assert await round_(ready, LATER + LATER) == 1
    [again] = await promised(ready.resources.database, EVENTS)
    assert (again.headers, again.key) == (promise.headers, promise.key)
    await ready.deliver_events()
    assert await the_image(ready.resources.database, ready.image_id) is None
    assert await all_keys(ready.resources.objects) == set()


async def test_an_erasure_of_which_no_event_is_left_is_promised_all_the_same(
    ready: Waiting,
) -> None:
    await service.delete_image(ready.resources, ready.account_id, ready.image_id)
    async with ready.resources.database.writing() as connection:
        await connection.execute(delete(outbox))
        await connection.execute(delete(events))
    assert await round_(ready) == 1
    await ready.deliver_events()
    assert await all_keys(ready.resources.objects) == set()


async def test_a_round_sees_to_so_many_and_the_next_to_the_others(
    waiting: Waiting,
) -> None:
    await lose(waiting.resources, JOBS)
    row = (await waiting.row())._asdict()
    count = reconciler.AT_ONCE + 5
    async with waiting.resources.database.writing() as connection:
        more = [row | {"id": clock.new_id()} for _ in range(count - 1)]
        await connection.execute(images.insert(), more)
    later = clock.now() + LATER
    rounds = [await reconcile(waiting.resources, later) for _ in range(3)]
    assert rounds == [reconciler.AT_ONCE, 5, 0]


FILL = {
    "postgresql": """
        INSERT INTO images (id, account_id, name, description, tags, visibility, status, version,
            content_type, size, sha256, created_at, updated_at)
        SELECT gen_random_uuid(), gen_random_uuid(), '', '', '[]', 'private', 'ready', 1,
            'image/png', 1, '', '2026-01-01', '2026-01-01' FROM generate_series(1, 20000)""",
    "sqlite": """
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
        INSERT INTO images (id, account_id, name, description, tags, visibility, status, version,
            content_type, size, sha256, created_at, updated_at)
        SELECT lower(hex(randomblob(16))), lower(hex(randomblob(16))), '', '', '[]', 'private',
            'ready', 1, 'image/png', 1, '', '2026-01-01', '2026-01-01' FROM numbers""",
}


@pytest.mark.parametrize(
    ("query", "index"),
    [(reconciler.unanswered, "ix_images_processing"), (reconciler.unerased, "ix_images_deleted")],
)
async def test_among_many_images_what_is_lost_is_found_by_an_index(
    waiting: Waiting, query: object, index: str
) -> None:
    async with waiting.resources.database.writing() as connection:
        dialect = connection.dialect
        await connection.execute(text(FILL[dialect.name]))
    assert callable(query)
    asked = query(clock.now()).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN" if dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    async with waiting.resources.database.reading() as connection:
        await connection.execute(text("ANALYZE"))
        plan = await connection.exec_driver_sql(f"{explain} {asked}")
        words = "\n".join(" ".join(map(str, row)) for row in plan)
    assert index in words
    assert "Seq Scan on images" not in words


async def test_a_job_asked_for_meanwhile_is_not_doubled(waiting: Waiting) -> None:
    """Whoever reprocesses while somebody looks for what is lost has promised it already."""
    await lose(waiting.resources, JOBS)
    async with waiting.resources.database.writing() as connection:
        old = clock.first_id_at(clock.now() - 2 * LOST_AFTER)
        await connection.execute(update(variants).values(job_id=old))
        await queries.change(connection, waiting.image_id, created_at=clock.now() - 2 * LOST_AFTER)
    job: Job = await waiting.reprocess()
    assert await reconcile(waiting.resources) == 0
    assert await jobs_of(waiting.resources, waiting.image_id) == [job]

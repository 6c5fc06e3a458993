"""`safelight verify --repair`: what differs is promised again; once that is kept, nothing does."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, update

from safelight.contract import keys
from safelight.contract.messages import EVENTS, JOBS, job_message
from safelight.image_app import clock, verification
from safelight.image_app.images import queries, service
from safelight.image_app.models import outbox, renderings, usage, variants
from safelight.image_app.resources import Resources
from safelight.image_app.verification import repair
from tests.image_app.given import (
    all_keys,
    an_account,
    an_upload,
    chunks_of,
    jobs_of,
    promised,
    rows_of,
    the_usage,
)
from tests.image_app.waiting import SQUARED, Waiting


async def differences(resources: Resources, deep: bool = False) -> list[str]:
    found = verification.differences(resources.database, resources.objects, deep=deep)
    return [str(difference) async for difference in found]


async def mend(resources: Resources, deep: bool = False) -> list[str]:
    """What was done about each difference."""
    return [mended.done async for mended in repair.repair(resources, deep=deep)]


async def forget(resources: Resources, topic: str) -> None:
    async with resources.database.writing() as connection:
        await connection.execute(delete(outbox).where(outbox.c.topic == topic))


async def run(waiting: Waiting) -> None:
    """The product keeps what is promised."""
    for job in await jobs_of(waiting.resources, waiting.image_id):
        await waiting.answer(job)
    await waiting.deliver_events()
    for topic in (JOBS, EVENTS):
        await forget(waiting.resources, topic)


@pytest.fixture
async def still(ready: Waiting) -> AsyncIterator[Waiting]:
    """A ready image in a product that stands still. Whatever is done to it, a repair and a run
    leave no difference.
    """
    await forget(ready.resources, JOBS)
    assert await differences(ready.resources) == []
    yield ready
    await mend(ready.resources)
    await run(ready)
    assert await differences(ready.resources, deep=True) == []


async def test_where_nothing_differs_nothing_is_done(still: Waiting) -> None:
    before = await still.state()
    assert await mend(still.resources) == []
    assert await still.state() == before
    assert await still.promises() == []


async def test_a_job_that_nobody_promised_is(still: Waiting) -> None:
    job = await still.reprocess()
    await forget(still.resources, JOBS)
    assert await mend(still.resources) == ["promised: the job again"]
    assert await still.last_job() == job
    assert await mend(still.resources) == []


async def test_one_of_several_jobs_that_is_lost_is_promised_alone(still: Waiting) -> None:
    first = await still.reprocess("thumb")
    await forget(still.resources, JOBS)
    await still.reprocess("small")
    assert await mend(still.resources) == ["promised: the job again"]
    assert await still.last_job() == first
    assert len(await jobs_of(still.resources, still.image_id)) == 2


async def test_what_waits_though_its_image_is_done_is_made(still: Waiting) -> None:
    async with still.resources.database.writing() as connection:
        of_thumb = variants.c.image_id == still.image_id, variants.c.name == "thumb"
        await connection.execute(update(variants).where(*of_thumb).values(status="pending"))
    assert await mend(still.resources) == ["promised: the job again"]
    assert (await still.row()).status == "processing"
    await run(still)
    assert (await still.row()).status == "ready"


async def test_variants_whose_objects_are_gone_are_made_again_by_one_job(still: Waiting) -> None:
    fingerprints = {n: row.fingerprint for n, row in (await still.variants()).items()}
    for name in ("thumb", "small"):
        await still.resources.objects.delete(still.key(fingerprints[name]))
    done = await mend(still.resources)
    assert sorted(done) == ["promised: small made again", "promised: thumb made again"]
    job = await still.last_job()
    assert sorted(variant.name for variant in job.variants) == ["small", "thumb"]
    assert await still.statuses() == {"ready"}
    await run(still)
    assert set(fingerprints.values()) == await still.objects()


async def test_an_object_of_another_size_is_made_again(still: Waiting) -> None:
    [thumb] = [row for name, row in (await still.variants()).items() if name == "thumb"]
    await still.resources.objects.put(still.key(thumb.fingerprint), chunks_of(b"torn"))
    assert await mend(still.resources) == ["promised: thumb made again"]


@pytest.mark.parametrize("there", [None, b"torn"])
async def test_a_rendering_that_is_gone_is_forgotten(still: Waiting, there: bytes | None) -> None:
    await still.rendering("ready")
    async with still.resources.database.writing() as connection:
        await connection.execute(update(renderings).values(size=6))
    if there:
        await still.resources.objects.put(still.key(SQUARED), chunks_of(there))
    [done] = await mend(still.resources)
    assert done.startswith("forgotten")
    async with still.resources.database.reading() as connection:
        assert await rows_of(connection, renderings) == []


async def test_an_erasure_that_nobody_promised_is(waiting: Waiting) -> None:
    resources = waiting.resources
    await service.delete_image(resources, waiting.account_id, waiting.image_id)
    for topic in (JOBS, EVENTS):
        await forget(resources, topic)
    assert await mend(resources) == ["promised: its erasure"]
    await waiting.deliver_events()
    await forget(resources, EVENTS)
    assert await all_keys(resources.objects) == set()
    assert await differences(resources) == []


def made_of(image_id: str, still: Waiting) -> list[str]:
    """Keys of what was made of an image."""
    made = ("e" * 16, "f" * 16)
    return [keys.variant(still.account_id, image_id, m, still.job.sha256) for m in made]


async def test_an_original_of_which_no_row_tells_stays_with_all_that_was_made_of_it(
    still: Waiting,
) -> None:
    """As after the restore of a database that is older than the objects."""
    image_id = clock.new_id()
    there = [keys.original(still.account_id, image_id), *made_of(image_id, still)]
    for key in there:
        await still.resources.objects.put(key, chunks_of(b"x"))
    mended = [m async for m in repair.repair(still.resources)]
    assert [(m.found.key, m.done) for m in mended] == [(key, "") for key in there]
    assert all("backup" in m.found.remedy for m in mended)
    await run(still)
    assert set(there) <= await all_keys(still.resources.objects)
    for key in there:  # by hand, as the words say
        await still.resources.objects.delete(key)


async def test_objects_of_no_image_are_erased_by_one_promise(still: Waiting) -> None:
    image_id = clock.new_id()
    strangers = made_of(image_id, still)
    unwanted = still.key(SQUARED)
    for key in (*strangers, unwanted):
        await still.resources.objects.put(key, chunks_of(b"x"))
    assert len(await mend(still.resources)) == 3
    assert sorted(await still.events()) == ["image.deleted", "variant.deleted"]
    await run(still)
    assert not {*strangers, unwanted} & await all_keys(still.resources.objects)
    assert len(await all_keys(still.resources.objects)) == 5


async def test_an_upload_that_was_cut_off_is_swept_as_at_a_start(still: Waiting) -> None:
    image_id = clock.new_id()
    async with still.resources.database.writing() as connection:
        await queries.begin_upload(connection, image_id, still.account_id, clock.now(), None)
    key = keys.original(still.account_id, image_id)
    await still.resources.objects.put(key, chunks_of(b"hal"))
    assert await mend(still.resources) == [
        "goes with the upload that was cut off",
        "what it left is removed",
    ]
    assert key not in await all_keys(still.resources.objects)
    assert await still.promises() == []


@pytest.mark.parametrize("change", [{"images": 7}, {"bytes": 1}, None])
async def test_counts_are_set_right_from_the_rows(
    still: Waiting, change: dict[str, int] | None
) -> None:
    async with still.resources.database.writing() as connection:
        wrong = update(usage).values(**change) if change else delete(usage)
        await connection.execute(wrong)
    [done] = await mend(still.resources)
    assert done == f"set right: 1 images and {still.job.size} bytes, counted from the rows"
    assert await the_usage(still.resources.database, still.account_id) == (1, still.job.size)


async def an_unmendable(ready: Waiting) -> tuple[str, str]:
    """An original whose bytes changed and kept their number; its key and what is said of it."""
    key = keys.original(ready.account_id, ready.image_id)
    await ready.resources.objects.put(key, chunks_of(bytes(ready.job.size)))
    return key, f"and should have {ready.job.sha256}"


async def test_deep_in_it_is_seen_that_an_original_has_other_bytes(ready: Waiting) -> None:
    await forget(ready.resources, JOBS)
    assert await differences(ready.resources, deep=True) == []
    key, words = await an_unmendable(ready)
    assert await differences(ready.resources) == []
    [line] = await differences(ready.resources, deep=True)
    assert key in line
    assert line.endswith(words)


async def test_without_its_original_nothing_is_made_again_and_its_operator_is_told(
    ready: Waiting,
) -> None:
    await forget(ready.resources, JOBS)
    [fingerprint, *_] = [row.fingerprint for row in (await ready.variants()).values()]
    await ready.resources.objects.delete(ready.key(fingerprint))
    await ready.resources.objects.delete(keys.original(ready.account_id, ready.image_id))
    before = await ready.state()
    mended = [m async for m in repair.repair(ready.resources)]
    assert [m.done for m in mended] == ["", ""]
    assert "from a backup" in mended[0].found.remedy
    assert "its original" in mended[1].found.remedy
    assert await ready.state() == before
    assert await ready.promises() == []
    assert len(await differences(ready.resources)) == 2


@pytest.mark.parametrize(
    "key", ["notes.txt", "originals/{account}/x", "originals/{nobody}/{nobody}", "variants/{mine}"]
)
async def test_what_was_not_made_here_stays_and_is_named(ready: Waiting, key: str) -> None:
    await forget(ready.resources, JOBS)
    mine = f"{ready.account_id}/{ready.image_id}/not-by-a-fingerprint"
    key = key.format(account=ready.account_id, nobody=clock.new_id(), mine=mine)
    await ready.resources.objects.put(key, chunks_of(b"x"))
    [mended] = [m async for m in repair.repair(ready.resources)]
    assert mended.done == ""
    assert "by hand" in mended.found.remedy
    assert key in await all_keys(ready.resources.objects)


async def test_an_object_under_another_account_s_name_is_not_erased_with_the_image(
    ready: Waiting, photograph: bytes
) -> None:
    """An id that is an image of somebody else promises nothing about that image."""
    other = await an_account(ready.resources, "bob")
    await an_upload(ready.resources, other, photograph)
    await forget(ready.resources, JOBS)
    await ready.resources.objects.put(keys.original(other, ready.image_id), chunks_of(b"x"))
    done = {m.found.where: m.done async for m in repair.repair(ready.resources)}
    assert done[f"object {keys.original(other, ready.image_id)}"] == ""
    assert "image.deleted" not in await ready.events()


async def test_what_is_at_the_broker_is_not_promised_again(still: Waiting) -> None:
    job = await still.reprocess()
    await forget(still.resources, JOBS)
    there = [job_message(job, clock.now())]
    assert [m async for m in repair.repair(still.resources, there)] == []
    assert await promised(still.resources.database, JOBS) == []

"""`safelight verify`: every kind of difference is named, and nothing else."""

import pytest
from sqlalchemy import delete, update

from safelight.contract import keys
from safelight.contract.messages import EVENTS, JOBS, Job, outcome_message
from safelight.image_app import clock, verification
from safelight.image_app.images import queries, service
from safelight.image_app.models import outbox, usage, variants
from safelight.image_app.outcomes import take_outcome
from safelight.image_app.resources import Resources
from tests.image_app.given import (
    an_account,
    an_upload,
    chunks_of,
    job_of,
    process,
)


async def found(resources: Resources) -> list[str]:
    return [
        str(difference)
        async for difference in verification.differences(resources.database, resources.objects)
    ]


async def settle(resources: Resources, job: Job) -> None:
    """The job is done: its outcome taken, its promise gone."""
    outcome = await process(resources, job)
    await take_outcome(resources, outcome_message(outcome, clock.now()))
    async with resources.database.writing() as connection:
        await connection.execute(delete(outbox).where(outbox.c.key == job.image_id))


@pytest.fixture
async def job(resources: Resources, photograph: bytes) -> Job:
    """The job of an image that is ready, beside one that waits and one that is deleted."""
    account_id = await an_account(resources)
    job = await job_of(resources, await an_upload(resources, account_id, photograph))
    await settle(resources, job)
    await an_upload(resources, account_id, photograph, presets="thumb")
    deleted = await an_upload(resources, account_id, photograph)
    await process(resources, await job_of(resources, deleted))
    await service.delete_image(resources, account_id, deleted)
    return job


def key_of(job: Job, name: str = "thumb") -> str:
    wanted = next(v.transformation for v in job.variants if v.name == name)
    return keys.variant(job.account_id, job.image_id, wanted.fingerprint(), job.sha256)


async def test_when_all_is_well_there_is_no_difference(resources: Resources, job: Job) -> None:
    assert await found(resources) == []
    assert await verification.counts(resources.database) == (3, 5)


async def test_an_empty_installation_has_no_difference(resources: Resources) -> None:
    assert await found(resources) == []
    assert await verification.counts(resources.database) == (0, 0)


async def test_a_missing_original_is_named(resources: Resources, job: Job) -> None:
    key = keys.original(job.account_id, job.image_id)
    await resources.objects.delete(key)
    assert await found(resources) == [f"image {job.image_id}: its object {key} is missing"]


async def test_a_missing_variant_is_named(resources: Resources, job: Job) -> None:
    await resources.objects.delete(key_of(job))
    line = f"image {job.image_id}: its object {key_of(job)} is missing"
    assert await found(resources) == [line]


async def test_an_object_of_the_wrong_size_is_named_with_both_sizes(
    resources: Resources, job: Job
) -> None:
    await resources.objects.put(key_of(job), chunks_of(b"other pixels"))
    assert await found(resources) == [
        f"image {job.image_id}: its object {key_of(job)} has 12 bytes and should have 6"
    ]


async def test_an_object_of_no_image_is_named(resources: Resources, job: Job) -> None:
    strangers = [
        keys.original(job.account_id, clock.new_id()),
        keys.variant(job.account_id, clock.new_id(), "f" * 16, job.sha256),
        keys.variant(job.account_id, job.image_id, "f" * 16, job.sha256),
    ]
    for key in strangers:
        await resources.objects.put(key, chunks_of(b"x"))
    lines = {f"object {key}: belongs to no image" for key in strangers}
    assert set(await found(resources)) == lines


@pytest.mark.parametrize("kind", ["originals/{}/x", "variants/{}/x/y", "notes.txt", ".staging/x"])
async def test_an_object_of_no_account_is_named(resources: Resources, job: Job, kind: str) -> None:
    key = kind.format(clock.new_id())
    await resources.objects.put(key, chunks_of(b"x"))
    assert await found(resources) == [f"object {key}: belongs to no account"]


async def test_an_image_that_waits_for_no_job_is_named(resources: Resources, job: Job) -> None:
    async with resources.database.writing() as connection:
        await connection.execute(delete(outbox).where(outbox.c.topic == JOBS))
    [line] = await found(resources)
    assert line.endswith("is processing and no job is promised for it")


async def test_a_variant_that_waits_though_its_image_is_done_is_named(
    resources: Resources, job: Job
) -> None:
    async with resources.database.writing() as connection:
        of_thumb = variants.c.image_id == job.image_id, variants.c.name == "thumb"
        await connection.execute(update(variants).where(*of_thumb).values(status="pending"))
    assert await found(resources) == [f"image {job.image_id}: is ready and its thumb still waits"]


async def test_a_deletion_that_nobody_promised_is_named(resources: Resources, job: Job) -> None:
    async with resources.database.writing() as connection:
        await connection.execute(delete(outbox).where(outbox.c.topic == EVENTS))
    lines = await found(resources)
    assert any(line.endswith("is deleted and nothing is promised to erase it") for line in lines)
    assert all("belongs to no image" in line for line in lines[1:])


@pytest.mark.parametrize(
    ("change", "counted"),
    [({"images": 3}, "counts 3 images"), ({"bytes": 1}, "and 1 bytes")],
)
async def test_a_count_that_is_wrong_is_named_beside_the_right_one(
    resources: Resources, job: Job, change: dict[str, int], counted: str
) -> None:
    async with resources.database.writing() as connection:
        await connection.execute(update(usage).values(**change))
    [line] = await found(resources)
    assert line.startswith(f"account {job.account_id}: counts ")
    assert counted in line
    assert line.endswith(f"has 2 and {job.size * 2}")


async def test_an_upload_that_was_cut_off_is_named_with_what_it_left(
    resources: Resources, job: Job
) -> None:
    image_id = clock.new_id()
    async with resources.database.writing() as connection:
        await queries.begin_upload(connection, image_id, job.account_id, clock.now(), None)
    key = keys.original(job.account_id, image_id)
    await resources.objects.put(key, chunks_of(b"hal"))
    assert set(await found(resources)) == {
        f"upload {image_id}: was cut off; a start removes what it left",
        f"object {key}: belongs to no image",
    }


async def test_a_first_upload_that_was_cut_off_is_named_though_nothing_is_counted(
    resources: Resources,
) -> None:
    account_id, image_id = clock.new_id(), clock.new_id()
    async with resources.database.writing() as connection:
        await queries.begin_upload(connection, image_id, account_id, clock.now(), None)
    key = keys.original(account_id, image_id)
    await resources.objects.put(key, chunks_of(b"hal"))
    assert set(await found(resources)) == {
        f"upload {image_id}: was cut off; a start removes what it left",
        f"object {key}: belongs to no image",
    }


async def test_images_of_an_account_that_counts_none_are_named(
    resources: Resources, job: Job
) -> None:
    async with resources.database.writing() as connection:
        await connection.execute(delete(usage))
    assert await found(resources) == [
        f"account {job.account_id}: counts 0 images and 0 bytes, has 2 and {job.size * 2}"
    ]


async def test_looking_changes_nothing(resources: Resources, job: Job) -> None:
    await resources.objects.delete(key_of(job))
    assert await found(resources) == await found(resources) != []

"""Who makes which rendering: one process at a time, and another one when that is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from safelight.backends.database import Database
from safelight.backends.rendering import Rendered
from safelight.contract import keys
from safelight.contract.messages import outcome_message
from safelight.image_app import clock
from safelight.image_app.delivered import claims, queries
from safelight.image_app.errors import Problem
from safelight.image_app.images.service import get_image
from safelight.image_app.models import Found
from safelight.image_app.outcomes import take_outcome
from safelight.image_app.resources import Resources
from safelight.image_app.work import begin
from tests.image_app.delivered.given import (
    CONTENT,
    WANTED,
    Darkroom,
    another_process,
    ask,
    change_image,
    change_rendering,
    the_renderings,
)
from tests.image_app.given import all_keys, chunks_of, job_of, process

DEAD = 12345
"""Somebody who has no place among those who share the database."""
FINGERPRINT = WANTED.fingerprint()


@asynccontextmanager
async def living(database: Database) -> AsyncIterator[int]:
    """A process that has its place, until the block ends."""
    presence = database.presence()
    async with presence.joined():
        yield presence.member


@pytest.fixture
def shared(api: Resources) -> Resources:
    if not api.database.is_shared:
        pytest.skip("one process alone has this database")
    return api


async def left_behind(api: Resources, image: Found, holder: int | None) -> str:
    """What a crash leaves between the object and the row's end; the key of the object."""
    key = keys.variant(image.account_id, image.id, FINGERPRINT, image.sha256)
    async with begin(api) as work:
        await queries.begin_rendering(
            work.connection, image.id, FINGERPRINT, holder, clock.now(), again=False
        )
    await api.objects.put(key, chunks_of(b"half of it"))
    return key


async def test_what_a_crash_left_is_taken_over_by_the_next_request(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    await left_behind(api, image, None)
    assert (await ask(api, image)).size == len(CONTENT)
    [row] = await the_renderings(api)
    assert row.status == "ready"


async def test_what_this_process_has_given_up_is_taken_over(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    mine = another_process(api, darkroom, member=7)
    await left_behind(api, image, 7)
    assert (await ask(mine, image)).size == len(CONTENT)


async def test_what_a_dead_process_held_is_taken_over(
    shared: Resources, image: Found, darkroom: Darkroom
) -> None:
    mine = another_process(shared, darkroom, member=7)
    await left_behind(shared, image, DEAD)
    assert (await ask(mine, image)).size == len(CONTENT)


async def test_what_another_process_makes_is_waited_for(
    shared: Resources, image: Found, darkroom: Darkroom
) -> None:
    other_darkroom = Darkroom()
    other_darkroom.open.clear()
    async with living(shared.database) as member:
        other = another_process(shared, other_darkroom, member)
        mine = another_process(shared, darkroom, member=7)
        makes = asyncio.create_task(ask(other, image))
        await other_darkroom.busy()
        waits = asyncio.create_task(ask(mine, image))
        await asyncio.sleep(0.1)
        assert not waits.done()
        other_darkroom.open.set()
        made, found = await asyncio.gather(makes, waits)
    assert (made.size, found.size) == (len(CONTENT), len(CONTENT))
    assert found.taken is None
    assert not darkroom.jobs


async def test_whoever_waits_takes_over_when_the_other_process_dies(
    shared: Resources, image: Found, darkroom: Darkroom
) -> None:
    mine = another_process(shared, darkroom, member=7)
    async with living(shared.database) as member:
        await left_behind(shared, image, member)
        waits = asyncio.create_task(ask(mine, image))
        await asyncio.sleep(0.1)
        assert not waits.done()
    assert (await waits).size == len(CONTENT)
    assert len(darkroom.jobs) == 1


async def test_whoever_waits_for_a_failure_hears_of_it(
    shared: Resources, image: Found, darkroom: Darkroom
) -> None:
    mine = another_process(shared, darkroom, member=7)
    async with living(shared.database) as member:
        await left_behind(shared, image, member)
        waits = asyncio.create_task(ask(mine, image))
        await asyncio.sleep(0.1)
        await change_rendering(shared, status="failed", error_detail="Not of this one.")
        with pytest.raises(Problem) as refusal:
            await waits
    assert refusal.value.kind.code == "variant-failed"
    assert refusal.value.detail == "Not of this one."


async def test_nobody_waits_for_ever(
    shared: Resources, image: Found, darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "PATIENCE", 0.1)
    monkeypatch.setattr(claims, "LOOK_AGAIN", 0.1)
    mine = another_process(shared, darkroom, member=7)
    async with living(shared.database) as member:
        await left_behind(shared, image, member)
        with pytest.raises(Problem) as refusal:
            await ask(mine, image)
    assert refusal.value.kind.code == "variant-not-ready"
    assert refusal.value.headers == {"Retry-After": "1"}


async def test_a_sweep_removes_what_a_crash_left(api: Resources, image: Found) -> None:
    key = await left_behind(api, image, None)
    await claims.sweep(api)
    assert await the_renderings(api) == []
    assert key not in await all_keys(api.objects)


async def test_a_sweep_removes_what_is_left_of_a_deleted_image(
    api: Resources, image: Found
) -> None:
    key = await left_behind(api, image, None)
    await change_image(api, image.id, deleted_at=clock.now())
    await claims.sweep(api)
    assert await the_renderings(api) == []
    assert key not in await all_keys(api.objects)


async def test_a_sweep_leaves_what_is_under_way(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.open.clear()
    asking = asyncio.create_task(ask(api, image))
    await darkroom.busy()
    await claims.sweep(api)
    darkroom.open.set()
    assert (await asking).size == len(CONTENT)


async def test_a_sweep_leaves_what_a_living_process_makes(
    shared: Resources, image: Found, darkroom: Darkroom
) -> None:
    mine = another_process(shared, darkroom, member=7)
    async with living(shared.database) as member:
        await left_behind(shared, image, member)
        await claims.sweep(mine)
        assert len(await the_renderings(shared)) == 1
    await claims.sweep(mine)
    assert await the_renderings(shared) == []


async def test_a_sweep_leaves_what_is_finished(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    await ask(api, image)
    await claims.sweep(api)
    assert len(await the_renderings(api)) == 1


async def test_an_object_that_is_a_variant_too_stays(api: Resources, image: Found) -> None:
    job = await job_of(api, image.id)
    await process(api, job)
    small = next(v.transformation for v in job.variants if v.name == "small").fingerprint()
    key = keys.variant(image.account_id, image.id, small, image.sha256)
    async with begin(api) as work:
        await queries.begin_rendering(
            work.connection, image.id, small, None, clock.now(), again=False
        )
    await claims.sweep(api)
    assert await the_renderings(api) == []
    assert key in await all_keys(api.objects)


async def test_a_variant_that_is_made_anew_by_a_rendering_is_seen_as_it_is_now(
    api: Resources, image: Found
) -> None:
    job = await job_of(api, image.id)
    await take_outcome(api, outcome_message(await process(api, job), clock.now()))
    small = next(v.transformation for v in job.variants if v.name == "small").fingerprint()
    before = await get_image(api, image.account_id, image.id)
    async with begin(api) as work:
        await queries.begin_rendering(
            work.connection, image.id, small, None, clock.now(), again=False
        )
    await claims.finish(api, image, small, Rendered("image/webp", 10, 20, 7, chunks_of(b"")))
    after = await get_image(api, image.account_id, image.id)
    assert after.etag != before.etag
    assert b'"size":7' in after.body


async def test_whoever_was_taken_for_dead_leaves_no_object_without_a_row(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.open.clear()
    asking = asyncio.create_task(ask(api, image))
    await darkroom.busy()
    async with begin(api) as work:
        await queries.drop_pending(work.connection, image.id, FINGERPRINT, api.member)
    darkroom.open.set()
    with pytest.raises(Problem) as refusal:
        await asking
    assert refusal.value.kind.code == "variant-not-ready"
    key = keys.variant(image.account_id, image.id, FINGERPRINT, image.sha256)
    assert key not in await all_keys(api.objects)

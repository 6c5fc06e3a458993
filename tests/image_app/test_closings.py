"""A deleted account leaves nothing, whatever interrupts it, and is nobody's at once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fastapi import Request
from sqlalchemy import Table, func, select
from starlette.types import Message as AsgiMessage

from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.contract.messages import EVENTS, JOBS
from safelight.image_app import clock, closings
from safelight.image_app.account_store import AccountsUnavailable
from safelight.image_app.account_store.in_redis import RedisAccounts
from safelight.image_app.accounts import queries, service
from safelight.image_app.accounts.schemas import Registration
from safelight.image_app.delivered import service as delivered
from safelight.image_app.delivered.service import Asked
from safelight.image_app.errors import Problem
from safelight.image_app.images import queries as images_of
from safelight.image_app.images import service as images_service
from safelight.image_app.images import upload
from safelight.image_app.links import address
from safelight.image_app.models import (
    closed_accounts,
    events,
    images,
    metadata,
    outbox,
    presets,
    uploads,
)
from safelight.image_app.presets import service as presets_service
from safelight.image_app.presets.schemas import PresetBody
from safelight.image_app.resources import Resources
from safelight.image_app.subscriptions import subscribe
from safelight.image_app.verification.comparison import differences
from safelight.image_app.work import begin
from tests.image_app.given import (
    FORM_HEADERS,
    a_form,
    a_request,
    all_keys,
    an_upload,
    job_of,
    process,
    promised,
)
from tests.servers import Valkey

PASSWORD = "correct horse battery"
A_PRESET = PresetBody.model_validate({"transformation": {"width": 50}, "on_upload": True})


async def registered(resources: Resources, username: str = "ann") -> str:
    wanted = Registration(username=username, email=f"{username}@example.com", password=PASSWORD)
    return (await service.register(resources, wanted)).id


async def many_images(resources: Resources, account_id: str, count: int) -> None:
    """Rows of processed images, whose objects nobody misses."""
    now = clock.now()
    values: dict[str, Any] = {"account_id": account_id, "name": "", "description": "", "tags": []}
    values |= {"visibility": "private", "status": "ready", "version": 1, "size": 3}
    values |= {"content_type": "image/png", "sha256": "0" * 64, "created_at": now}
    async with resources.database.writing() as connection:
        for _ in range(count):
            row = values | {"id": clock.new_id(), "updated_at": now}
            await images_of.insert(connection, row, [])
        await queries.add_usage(connection, account_id, count, 3 * count)


async def left(resources: Resources, account_id: str, table: Table) -> int:
    query = select(func.count()).select_from(table).where(table.c.account_id == account_id)
    async with resources.database.reading() as connection:
        return int((await connection.execute(query)).scalar_one())


async def deliver_events(resources: Resources) -> None:
    delivery = InProcessDelivery(backoff=())
    subscribe(delivery, resources)
    for message in await promised(resources.database, EVENTS):
        await delivery.send(message)


async def assert_nothing_is_left(resources: Resources, account_id: str) -> None:
    for table in metadata.tables.values():
        if "account_id" in table.c and table not in (closed_accounts, outbox):
            assert await left(resources, account_id, table) == 0, table.name
    assert not {key for key in await all_keys(resources.objects) if account_id in key}
    async with resources.database.reading() as connection:
        assert await queries.closings(connection) == []


async def words_of_verify(resources: Resources) -> list[str]:
    waiting = [m for t in (JOBS, EVENTS) for m in await promised(resources.database, t)]
    found = differences(resources.database, resources.objects, waiting)
    return [str(difference) async for difference in found]


async def test_everything_of_the_account_goes_and_nothing_of_another(
    resources: Resources, photograph: bytes
) -> None:
    ann, bob = await registered(resources), await registered(resources, "bob")
    for account_id in (ann, bob):
        await presets_service.put_preset(resources, account_id, "mine", A_PRESET)
        job = await job_of(resources, await an_upload(resources, account_id, photograph))
        await process(resources, job)
    before = {table: await left(resources, bob, table) for table in (images, events, presets)}

    await service.close(resources, ann, PASSWORD)
    assert await words_of_verify(resources) == []
    await closings.go_on(resources)
    assert await words_of_verify(resources) == []
    await deliver_events(resources)

    await assert_nothing_is_left(resources, ann)
    assert {table: await left(resources, bob, table) for table in before} == before
    assert len(await all_keys(resources.objects)) == 1 + len(job.variants)
    await registered(resources)


async def test_many_pictures_go_a_hundred_at_a_time_and_each_is_promised_once(
    resources: Resources,
) -> None:
    ann = await registered(resources)
    count = 2 * closings.IMAGES_AT_ONCE + 7
    await many_images(resources, ann, count)
    await service.close(resources, ann, PASSWORD)
    first = await closings._bury_some(resources, ann, None)
    assert first is not None
    told = await promised(resources.database, EVENTS)
    assert len(told) == closings.IMAGES_AT_ONCE
    await asyncio.gather(closings.go_on(resources), closings.go_on(resources))
    told = await promised(resources.database, EVENTS)
    assert len({message.key for message in told}) == len(told) == count
    await deliver_events(resources)
    await assert_nothing_is_left(resources, ann)


async def test_a_wrong_password_deletes_nothing(resources: Resources, photograph: bytes) -> None:
    ann = await registered(resources)
    await an_upload(resources, ann, photograph)
    with pytest.raises(Problem) as refusal:
        await service.close(resources, ann, "another password")
    assert refusal.value.kind.code == "wrong-password"
    await closings.go_on(resources)
    assert await resources.accounts.is_there(ann)
    assert await left(resources, ann, images) == 1


async def test_a_crash_right_after_the_promise_is_made_up_for(
    resources: Resources, photograph: bytes
) -> None:
    ann = await registered(resources)
    await an_upload(resources, ann, photograph)
    async with begin(resources) as work:
        assert await queries.close(work.connection, ann, clock.now())
    await closings.go_on(resources)
    await deliver_events(resources)
    assert not await resources.accounts.is_there(ann)
    await assert_nothing_is_left(resources, ann)


async def test_of_two_who_delete_an_account_at_once_one_does_and_nothing_comes_back(
    resources: Resources,
) -> None:
    ann = await registered(resources)
    ends = await asyncio.gather(
        service.close(resources, ann, PASSWORD),
        service.close(resources, ann, PASSWORD),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "Problem"]
    await closings.go_on(resources)
    async with begin(resources) as work:
        assert not await queries.close(work.connection, ann, clock.now())
        await work.connection.rollback()
    await assert_nothing_is_left(resources, ann)


@pytest.mark.parametrize("is_gone", [False, True], ids=["closed", "gone"])
async def test_an_upload_that_is_under_way_leaves_nothing(
    resources: Resources, photograph: bytes, is_gone: bool
) -> None:
    ann = await registered(resources)
    form = a_form(photograph)
    chunks = iter([form[:20_000], form[20_000:]])
    sent = 0

    async def receive() -> AsgiMessage:
        nonlocal sent
        if sent == 1:
            await service.close(resources, ann, PASSWORD)
            if is_gone:
                await closings.go_on(resources)
        sent += 1
        body = next(chunks, b"")
        return {"type": "http.request", "body": body, "more_body": bool(body)}

    request = Request(a_request(b"", FORM_HEADERS).scope, receive)
    with pytest.raises(Problem) as refusal:
        await upload.take_in(resources, ann, request)
    assert refusal.value.kind.code == "unauthenticated"
    assert sent > 2
    await closings.go_on(resources)
    await assert_nothing_is_left(resources, ann)


async def test_a_preset_that_is_being_made_comes_too_late(resources: Resources) -> None:
    ann = await registered(resources)
    await service.close(resources, ann, PASSWORD)
    await closings.go_on(resources)
    with pytest.raises(Problem) as refusal:
        await presets_service.put_preset(resources, ann, "mine", A_PRESET)
    assert refusal.value.kind.code == "unauthenticated"
    await assert_nothing_is_left(resources, ann)


async def test_its_links_and_cached_answers_are_dead_before_its_pictures_are_gone(
    resources: Resources, photograph: bytes
) -> None:
    ann = await registered(resources)
    image_id = await an_upload(resources, ann, photograph)
    path = address(image_id, "original")
    expires = str(int(clock.now().timestamp()) + 600)
    link = resources.links.until(int(expires), image_id, "original", None)
    signature = link.partition("signature=")[2]
    asked = Asked(image_id, "original", path, None, expires, signature, None, "")
    assert (await delivered.permitted(resources, asked)).id == image_id
    for _ in range(2):  # into the cache, and out of it
        await images_service.get_image(resources, ann, image_id)

    await service.close(resources, ann, PASSWORD)

    with pytest.raises(Problem) as refusal:
        await delivered.permitted(resources, asked)
    assert refusal.value.kind.code == "image-not-found"
    with pytest.raises(Problem) as refusal:
        await images_service.get_image(resources, ann, image_id)
    assert refusal.value.kind.code == "unauthenticated"


async def test_whoever_deletes_an_account_wakes_who_goes_on(resources: Resources) -> None:
    ann = await registered(resources)
    keeping = asyncio.create_task(closings.keep_closing(resources))
    await asyncio.sleep(0.05)
    await service.close(resources, ann, PASSWORD)
    async with asyncio.timeout(60):
        while True:
            async with resources.database.reading() as connection:
                if not await queries.closings(connection):
                    break
            await asyncio.sleep(0.01)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await assert_nothing_is_left(resources, ann)


def test_every_table_that_names_an_account_is_emptied() -> None:
    """By its list, with the account itself, or by promises of its own; messages are delivered."""
    named = {table for table in metadata.tables.values() if "account_id" in table.c}
    with_the_account = {table for table in named if table.c.account_id.foreign_keys}
    elsewhere = {images, uploads, closed_accounts, outbox}
    assert named - with_the_account == {*closings.EMPTIED} | elsewhere


async def test_where_accounts_are_apart_and_away_the_promise_is_kept_once_they_are_back(
    resources: Resources, own_valkey: Valkey, photograph: bytes
) -> None:
    store = RedisAccounts(own_valkey.create())
    apart = replace(resources, accounts=store)
    ann = await registered(apart)
    await an_upload(apart, ann, photograph)
    async with begin(apart) as work:  # as far as a process got that was killed then
        await queries.close(work.connection, ann, clock.now())
    own_valkey.kill()
    with pytest.raises(AccountsUnavailable):
        await closings.go_on(apart)
    assert await left(apart, ann, images) == 1
    await asyncio.to_thread(own_valkey.start)
    assert await store.is_there(ann)
    await closings.go_on(apart)
    assert not await store.is_there(ann)
    await deliver_events(apart)
    await assert_nothing_is_left(apart, ann)
    await store.close()

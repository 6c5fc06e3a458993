"""An upload from request to promise: nothing is left of one that fails."""

import asyncio
from dataclasses import replace

import pytest
from fastapi import Request
from sqlalchemy import update
from starlette.requests import ClientDisconnect
from starlette.types import Message

from safelight.backends.database import Database
from safelight.contract import keys
from safelight.contract.messages import EVENTS, JOBS
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_app import clock, errors
from safelight.image_app.errors import Problem
from safelight.image_app.images import queries, service, upload
from safelight.image_app.living import require_living
from safelight.image_app.models import images, uploads, usage
from safelight.image_app.presets.schemas import PresetBody
from safelight.image_app.presets.service import put_preset
from safelight.image_app.resources import Resources
from tests.image_app.given import (
    FORM_HEADERS,
    a_form,
    a_request,
    all_keys,
    an_account,
    an_upload,
    chunks_of,
    job_of,
    promised,
    promised_events,
    rows_of,
    the_image,
    the_usage,
    the_variants,
    with_rules,
)


async def nothing_is_left(resources: Resources, account_id: str) -> None:
    """Of an upload that failed: no row, no object, no promise, and no count of it."""
    async with resources.database.reading() as connection:
        assert await rows_of(connection, images) == []
        assert await rows_of(connection, uploads) == []
    assert await all_keys(resources.objects) == set()
    assert await promised(resources.database, JOBS) == []
    assert await promised(resources.database, EVENTS) == []
    assert await the_usage(resources.database, account_id) == (0, 0)


async def test_an_upload_writes_everything_it_promises_at_once(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    image_id = await an_upload(resources, account_id, photograph, tags="sea")
    image = await the_image(resources.database, image_id)
    assert image is not None
    assert (image.status, image.version, image.size) == ("processing", 1, len(photograph))
    made = await the_variants(resources.database, image_id)
    assert list(made) == list(BUILT_IN)
    assert {variant.status for variant in made.values()} == {"pending"}
    job = await job_of(resources, image_id)
    assert [variant.transformation for variant in job.variants] == list(BUILT_IN.values())
    assert (job.sha256, job.size) == (image.sha256, image.size)
    assert await promised_events(resources.database, EVENTS) == ["image.uploaded"]
    assert await all_keys(resources.objects) == {keys.original(account_id, image_id)}
    assert await the_usage(resources.database, account_id) == (1, len(photograph))
    async with resources.database.reading() as connection:
        assert await rows_of(connection, uploads) == []


async def test_an_upload_is_answered_with_what_whoever_reads_the_image_sees(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    for name in ("zoom", "a-square"):
        wanted = PresetBody(transformation=Transformation(width=50), on_upload=True)
        await put_preset(resources, account_id, name, wanted)
    form = a_form(photograph, tags=["sea", "Sea"], description="é", visibility="public")
    request = a_request(form, FORM_HEADERS)
    image_id, reply = await upload.take_in(resources, account_id, request)
    assert await service.get_image(resources, account_id, image_id) == reply


async def test_only_the_presets_that_were_named_are_wanted(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    image_id = await an_upload(resources, account_id, photograph, presets=["small", "thumb"])
    assert list(await the_variants(resources.database, image_id)) == ["thumb", "small"]


async def test_a_refused_upload_leaves_nothing(resources: Resources) -> None:
    account_id = await an_account(resources)
    with pytest.raises(Problem):
        await an_upload(resources, account_id, b"no picture")
    await nothing_is_left(resources, account_id)


async def test_a_client_that_hangs_up_leaves_nothing(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    request = a_request([a_form(photograph)[:50_000], None], FORM_HEADERS)
    with pytest.raises(ClientDisconnect):
        await upload.take_in(resources, account_id, request)
    await nothing_is_left(resources, account_id)


async def test_an_upload_that_is_cancelled_leaves_nothing(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    request = a_request([a_form(photograph)[:50_000]], FORM_HEADERS)
    received = asyncio.Event()
    receive = request.receive

    async def receive_once() -> Message:
        if received.is_set():
            await asyncio.Event().wait()
        received.set()
        return await receive()

    stalled = Request(request.scope, receive_once)
    taking = asyncio.create_task(upload.take_in(resources, account_id, stalled))
    await received.wait()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await nothing_is_left(resources, account_id)


async def test_uploads_at_once_never_exceed_the_quota_together(
    resources: Resources, photograph: bytes
) -> None:
    small = with_rules(resources, quota_images=3)
    account_id = await an_account(small)
    tries = (an_upload(small, account_id, photograph) for _ in range(8))
    ends = await asyncio.gather(*tries, return_exceptions=True)
    taken = [end for end in ends if isinstance(end, str)]
    refused = [end for end in ends if isinstance(end, Problem)]
    assert (len(taken), len(refused)) == (3, 5)
    assert {refusal.kind.code for refusal in refused} == {"quota-exceeded"}
    assert await the_usage(resources.database, account_id) == (3, 3 * len(photograph))
    assert await all_keys(resources.objects) == {keys.original(account_id, i) for i in taken}


async def test_bytes_count_against_the_quota_too(resources: Resources, photograph: bytes) -> None:
    small = with_rules(resources, quota_bytes=len(photograph))
    account_id = await an_account(small)
    await upload.admit(small, account_id)
    await an_upload(small, account_id, photograph)
    with pytest.raises(Problem) as refusal:
        await upload.admit(small, account_id)
    assert refusal.value.kind is errors.QUOTA_EXCEEDED


async def test_a_full_queue_admits_nothing_until_a_picture_is_done(
    resources: Resources, photograph: bytes
) -> None:
    small = with_rules(resources, queue_limit=1)
    account_id = await an_account(small)
    image_id = await an_upload(small, account_id, photograph)
    with pytest.raises(Problem) as refusal:
        await upload.admit(small, account_id)
    assert refusal.value.kind is errors.QUEUE_FULL
    assert refusal.value.headers["Retry-After"]
    async with resources.database.writing() as connection:
        await queries.change(connection, image_id, status="ready")
    await upload.admit(small, account_id)


async def test_an_account_that_is_gone_is_not_admitted(resources: Resources) -> None:
    with pytest.raises(Problem) as refusal:
        await require_living(resources, clock.new_id())
    assert refusal.value.kind is errors.UNAUTHENTICATED


async def test_a_sweep_removes_what_a_crash_left_of_uploads(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    kept = await an_upload(resources, account_id, photograph)
    begun, stored = clock.new_id(), clock.new_id()
    async with resources.database.writing() as connection:
        for image_id in (begun, stored):
            await queries.begin_upload(connection, image_id, account_id, clock.now(), None)
    await resources.objects.put(keys.original(account_id, stored), chunks_of(photograph))
    await upload.sweep(resources)
    assert await all_keys(resources.objects) == {keys.original(account_id, kept)}
    async with resources.database.reading() as connection:
        assert await rows_of(connection, uploads) == []
        assert [row.id for row in await rows_of(connection, images)] == [kept]


async def test_a_sweep_spares_what_this_process_is_busy_with(resources: Resources) -> None:
    account_id, image_id = await an_account(resources), clock.new_id()
    async with resources.database.writing() as connection:
        await queries.begin_upload(connection, image_id, account_id, clock.now(), None)
    resources.uploading.add(image_id)
    await upload.sweep(resources)
    async with resources.database.reading() as connection:
        assert [row.id for row in await rows_of(connection, uploads)] == [image_id]


async def test_a_sweep_spares_what_another_living_process_is_busy_with_and_no_longer(
    resources: Resources, database: Database
) -> None:
    if not database.is_shared:
        pytest.skip("nobody shares SQLite")
    account_id, image_id = await an_account(resources), clock.new_id()
    other = database.presence()
    async with database.writing() as connection:
        await queries.begin_upload(connection, image_id, account_id, clock.now(), other.member)
    mine = replace(resources, member=database.presence().member)
    async with other.joined():
        await upload.sweep(mine)
        async with database.reading() as connection:
            assert [row.id for row in await rows_of(connection, uploads)] == [image_id]
    await upload.sweep(mine)
    async with database.reading() as connection:
        assert await rows_of(connection, uploads) == []


async def test_a_sweep_never_takes_the_original_of_an_image(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    image_id = await an_upload(resources, account_id, photograph)
    async with resources.database.writing() as connection:
        await queries.begin_upload(connection, image_id, account_id, clock.now(), None)
        await connection.execute(update(usage).values(images=1))
    await upload.sweep(resources)
    assert await all_keys(resources.objects) == {keys.original(account_id, image_id)}


async def _uploads(resources: Resources) -> list[str]:
    """Ids of those under way."""
    async with resources.database.reading() as connection:
        return [row.id for row in await rows_of(connection, uploads)]


async def test_an_upload_that_was_swept_away_as_it_ended_is_refused_and_leaves_nothing(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    body = a_form(photograph)
    swept = asyncio.Event()

    async def receive() -> Message:
        if swept.is_set():
            return {"type": "http.request", "body": b"", "more_body": False}
        while not await _uploads(resources):
            await asyncio.sleep(0.01)
        await upload.sweep(replace(resources, uploading=set()))  # by somebody who knows nothing
        swept.set()
        return {"type": "http.request", "body": body, "more_body": True}

    scope = a_request(b"", FORM_HEADERS).scope
    request = Request(scope, receive)
    with pytest.raises(Problem) as refusal:
        await upload.take_in(resources, account_id, request)
    assert refusal.value.kind is errors.SERVICE_UNAVAILABLE
    await nothing_is_left(resources, account_id)

"""Uploads that are sent again: whatever happens, one key makes one image."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from safelight.image_app import clock, errors
from safelight.image_app.errors import Kind, Problem
from safelight.image_app.images import queries, repeats, upload
from safelight.image_app.images.service import Reply
from safelight.image_app.models import images, upload_keys, uploads
from safelight.image_app.resources import Resources
from tests.image_app.given import (
    FORM_HEADERS,
    a_form,
    a_request,
    all_keys,
    an_account,
    rows_of,
    the_usage,
    with_rules,
)

KEY = "a key of the client's own making"


async def send(
    resources: Resources,
    account_id: str,
    content: bytes,
    key: str | None = KEY,
    filename: str = "harbour.jpg",
    **fields: str,
) -> tuple[str, Reply]:
    """Image and answer."""
    request = a_request(a_form(content, filename, **fields), FORM_HEADERS)
    return await upload.accept(resources, account_id, request, key)


async def refused(kind: Kind, resources: Resources, account_id: str, content: bytes) -> None:
    with pytest.raises(Problem) as refusal:
        await send(resources, account_id, content)
    assert refusal.value.kind is kind


async def images_kept(resources: Resources) -> set[str]:
    """Ids, after a look that there is an object for each, and nothing under way."""
    async with resources.database.reading() as connection:
        kept = {row.id for row in await rows_of(connection, images)}
        assert await rows_of(connection, uploads) == []
    assert {key.rpartition("/")[2] for key in await all_keys(resources.objects)} == kept
    return kept


async def test_the_same_again_is_answered_as_it_was_and_makes_nothing(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    first = await send(resources, account_id, photograph, tags="sea")
    async with resources.database.writing() as connection:
        await queries.change(connection, first[0], status="ready", name="changed meanwhile")
    for _ in range(2):
        assert await send(resources, account_id, photograph, tags="sea") == first
    assert await images_kept(resources) == {first[0]}
    assert await the_usage(resources.database, account_id) == (1, len(photograph))


async def test_the_boundary_of_the_form_is_nothing_that_was_asked(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    first = await send(resources, account_id, photograph)
    body = a_form(photograph).replace(b"a-boundary", b"another")
    headers = {"content-type": "multipart/form-data; boundary=another"}
    assert await upload.accept(resources, account_id, a_request(body, headers), KEY) == first


@pytest.mark.parametrize(
    ("more", "filename", "fields"),
    [
        (b"!", "harbour.jpg", {"tags": "sea"}),
        (b"", "other.jpg", {"tags": "sea"}),
        (b"", "harbour.jpg", {"tags": "ship"}),
        (b"", "harbour.jpg", {}),
    ],
    ids=["bytes", "name", "field", "no field"],
)
async def test_something_else_under_the_same_key_is_refused(
    resources: Resources, photograph: bytes, more: bytes, filename: str, fields: dict[str, str]
) -> None:
    account_id = await an_account(resources)
    image_id, _ = await send(resources, account_id, photograph, tags="sea")
    with pytest.raises(Problem) as refusal:
        await send(resources, account_id, photograph + more, KEY, filename, **fields)
    assert refusal.value.kind is errors.IDEMPOTENCY_KEY_REUSED
    assert await images_kept(resources) == {image_id}


async def test_what_is_no_picture_is_something_else_too(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    await send(resources, account_id, photograph)
    await refused(errors.IDEMPOTENCY_KEY_REUSED, resources, account_id, b"no picture")


async def test_a_key_is_its_account_s_own(resources: Resources, photograph: bytes) -> None:
    ann, bob = await an_account(resources), await an_account(resources, "bob")
    made = {(await send(resources, who, photograph))[0] for who in (ann, bob, ann, bob)}
    assert await images_kept(resources) == made
    assert len(made) == 2


async def test_without_a_key_the_same_again_is_another_image(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    made = {(await send(resources, account_id, photograph, None))[0] for _ in range(2)}
    assert len(await images_kept(resources) & made) == 2


async def test_a_try_that_failed_does_not_hold_the_key(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    await refused(errors.UNSUPPORTED_IMAGE, resources, account_id, b"no picture")
    image_id, _ = await send(resources, account_id, photograph)
    assert await images_kept(resources) == {image_id}


async def test_an_answer_is_given_again_when_nothing_more_would_be_taken(
    resources: Resources, photograph: bytes
) -> None:
    small = with_rules(resources, quota_images=1, queue_limit=1)
    account_id = await an_account(small)
    first = await send(small, account_id, photograph)
    assert await send(small, account_id, photograph) == first


async def test_of_many_at_once_one_is_taken_in_and_the_others_hear_of_it(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    tries = (send(resources, account_id, photograph) for _ in range(20))
    ends = await asyncio.gather(*tries, return_exceptions=True)
    made = {end[0] for end in ends if isinstance(end, tuple)}
    told = {end.kind.code for end in ends if isinstance(end, Problem)}
    assert await images_kept(resources) == made
    assert len(made) == 1
    assert told <= {"idempotency-key-in-use"}


async def test_a_key_is_in_use_while_its_upload_is_under_way(
    resources: Resources, photograph: bytes
) -> None:
    account_id, other = await an_account(resources), clock.new_id()
    async with resources.database.writing() as connection:
        await queries.begin_upload(connection, other, account_id, clock.now(), None, KEY)
    resources.uploading.add(other)
    await refused(errors.IDEMPOTENCY_KEY_IN_USE, resources, account_id, photograph)
    async with resources.database.reading() as connection:
        assert [row.id for row in await rows_of(connection, uploads)] == [other]


async def test_what_a_crash_left_does_not_hold_the_key(
    resources: Resources, photograph: bytes
) -> None:
    account_id, left = await an_account(resources), clock.new_id()
    async with resources.database.writing() as connection:
        await queries.begin_upload(connection, left, account_id, clock.now(), None, KEY)
    image_id, _ = await send(resources, account_id, photograph)
    assert await images_kept(resources) == {image_id}


async def test_a_key_is_in_use_while_another_living_process_holds_it(
    resources: Resources, photograph: bytes
) -> None:
    if not resources.database.is_shared:
        pytest.skip("nobody shares SQLite")
    account_id, left = await an_account(resources), clock.new_id()
    other = resources.database.presence()
    async with resources.database.writing() as connection:
        await queries.begin_upload(connection, left, account_id, clock.now(), other.member, KEY)
    async with other.joined():
        await refused(errors.IDEMPOTENCY_KEY_IN_USE, resources, account_id, photograph)
    image_id, _ = await send(resources, account_id, photograph)
    assert await images_kept(resources) == {image_id}


async def test_after_a_day_a_key_is_new_again(resources: Resources, photograph: bytes) -> None:
    account_id = await an_account(resources)
    first, _ = await send(resources, account_id, photograph)
    async with resources.database.writing() as connection:
        earlier = clock.now() - timedelta(hours=24)
        await connection.execute(update(upload_keys).values(created_at=earlier))
    second, _ = await send(resources, account_id, photograph, name="another")
    assert await images_kept(resources) == {first, second}


async def test_old_answers_are_swept_away(resources: Resources, photograph: bytes) -> None:
    ann, bob = await an_account(resources), await an_account(resources, "bob")
    for who in (ann, bob):
        for key in ("old", "new"):
            await send(resources, who, photograph, key)
    async with resources.database.writing() as connection:
        earlier = clock.now() - timedelta(hours=24)
        old = update(upload_keys).where(upload_keys.c.key == "old")
        await connection.execute(old.values(created_at=earlier))
    await repeats.sweep(resources)
    async with resources.database.writing() as connection:
        left = {(row.account_id, row.key) for row in await rows_of(connection, upload_keys)}
        assert left == {(ann, "new"), (bob, "new")}

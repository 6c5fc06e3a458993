"""The history of an image: what was promised to the outside, bounded, gone with the image."""

import json

import pytest

from safelight.contract.messages import EVENTS
from safelight.image_app import errors
from safelight.image_app.images import queries, service
from safelight.image_app.models import events
from safelight.image_app.resources import Resources
from safelight.image_app.work import HISTORY, begin
from tests.image_app.given import an_account, an_upload, promised, rows_of


async def test_a_history_has_the_documents_that_are_told_outside(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    image_id = await an_upload(resources, account_id, photograph)
    async with begin(resources) as work:
        await work.tell("image.updated", account_id, image_id, {"version": 2})
    body = json.loads(await service.history_of(resources, account_id, image_id))
    messages = await promised(resources.database, EVENTS)
    assert [event["type"] for event in body["items"]] == ["image.uploaded", "image.updated"]
    assert body["items"] == [json.loads(message.body) for message in messages]


async def test_of_a_long_history_the_latest_is_kept(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    image_id = await an_upload(resources, account_id, photograph)
    other_id = await an_upload(resources, account_id, photograph)
    async with begin(resources) as work:
        for number in range(HISTORY + 5):
            await work.tell("image.updated", account_id, image_id, {"version": number})
    told = json.loads(await service.history_of(resources, account_id, image_id))["items"]
    assert [event["data"]["version"] for event in told] == list(range(5, HISTORY + 5))
    of_other = json.loads(await service.history_of(resources, account_id, other_id))["items"]
    assert [event["type"] for event in of_other] == ["image.uploaded"]


async def test_a_history_goes_with_its_image(resources: Resources, photograph: bytes) -> None:
    account_id = await an_account(resources)
    image_id = await an_upload(resources, account_id, photograph)
    stays = await an_upload(resources, account_id, photograph)
    await service.delete_image(resources, account_id, image_id)
    with pytest.raises(errors.Problem) as refusal:
        await service.history_of(resources, account_id, image_id)
    assert refusal.value.kind is errors.IMAGE_NOT_FOUND
    async with begin(resources) as work:
        await queries.erase(work.connection, image_id)
    async with resources.database.reading() as connection:
        assert {row.image_id for row in await rows_of(connection, events)} == {stays}

"""A deleted image goes with everything, also while something is just made of it."""

from dataclasses import replace

import pytest
from sqlalchemy import delete

from safelight.backends.database import Presence
from safelight.contract import keys
from safelight.contract.messages import dead_letter, job_message
from safelight.image_app import clock, erasures
from safelight.image_app.erasures import StillRendering
from safelight.image_app.images import service as images
from safelight.image_app.models import images as rows
from tests.image_app.given import all_keys, an_upload, process, the_image
from tests.image_app.waiting import SQUARED, Waiting


async def test_an_image_is_not_erased_while_this_process_renders_it(square: Waiting) -> None:
    await square.rendering("pending")
    await images.delete_image(square.resources, square.account_id, square.image_id)
    [deletion] = await square.promises()
    square.resources.rendering.add((square.image_id, SQUARED))
    with pytest.raises(StillRendering):
        await erasures.take_event(square.resources, deletion)
    await square.forget_events()
    await square.delivery.send(deletion)
    assert await square.promises() == [deletion]
    assert await the_image(square.resources.database, square.image_id) is not None
    square.resources.rendering.clear()
    await square.deliver_events()
    assert await the_image(square.resources.database, square.image_id) is None
    assert await all_keys(square.resources.objects) == set()


async def test_an_image_is_not_erased_while_another_living_process_renders_it(
    square: Waiting,
) -> None:
    database = square.resources.database
    if not database.is_shared:
        pytest.skip("one process has this database for itself")
    here = replace(square.resources, member=1)
    presence: Presence = database.presence()
    await square.rendering("pending", holder=presence.member)
    await images.delete_image(here, square.account_id, square.image_id)
    [deletion] = await square.promises()
    async with presence.joined():
        with pytest.raises(StillRendering):
            await erasures.take_event(here, deletion)
    await erasures.take_event(here, deletion)
    assert await the_image(database, square.image_id) is None


async def test_a_rendering_that_a_crash_cut_off_holds_up_nothing(square: Waiting) -> None:
    await square.rendering("pending")
    await images.delete_image(square.resources, square.account_id, square.image_id)
    await square.deliver_events()
    assert await the_image(square.resources.database, square.image_id) is None


async def test_an_outcome_for_an_image_that_is_gone_leaves_no_object(square: Waiting) -> None:
    job = await square.reprocess()
    outcome = await process(square.resources, job)
    await images.delete_image(square.resources, square.account_id, square.image_id)
    await square.deliver_events()
    await square.tell(outcome)
    assert await all_keys(square.resources.objects) == set()


@pytest.mark.parametrize("is_buried", [False, True])
async def test_an_outcome_of_which_no_row_tells_erases_no_original(
    ready: Waiting, is_buried: bool
) -> None:
    """As after the restore of a database that is older than objects and messages."""
    before = await all_keys(ready.resources.objects)
    async with ready.resources.database.writing() as connection:
        await connection.execute(delete(rows).where(rows.c.id == ready.image_id))
    if is_buried:
        await ready.bury(ready.job)
    else:
        await ready.tell(ready.rejected())
    assert await all_keys(ready.resources.objects) == before


async def test_what_a_job_made_in_part_of_an_image_that_is_gone_goes_with_its_letter(
    square: Waiting, photograph: bytes
) -> None:
    job, resources = await square.reprocess(), square.resources
    other = await an_upload(resources, square.account_id, photograph)
    original = keys.original(square.account_id, other)
    await images.delete_image(resources, square.account_id, square.image_id)
    await square.deliver_events()
    await process(resources, job)
    for wrong in ({"account_id": ".."}, {"image_id": other}):
        message = job_message(job.model_copy(update=wrong), clock.now())
        letter = dead_letter(replace(message, key=square.image_id), "OSError: no room")
        await square.delivery.send(letter)
    assert original in await all_keys(resources.objects)
    await square.bury(job)
    assert await all_keys(resources.objects) == {original}


async def test_a_promise_in_another_account_s_name_erases_nothing(ready: Waiting) -> None:
    """Anybody may write to a topic; the objects of the tombstone would be left behind."""
    await images.delete_image(ready.resources, ready.account_id, ready.image_id)
    [promise] = [m for m in await ready.promises() if m.headers["ce_type"] == "image.deleted"]
    foreign = promise.body.replace(ready.account_id.encode(), clock.new_id().encode())
    await ready.delivery.send(replace(promise, body=foreign))
    assert (await ready.row()).deleted_at is not None
    await ready.delivery.send(promise)
    assert await all_keys(ready.resources.objects) == set()

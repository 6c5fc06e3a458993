"""Objects go once nothing refers to them, and never before."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from safelight.backends.database import Presence
from safelight.contract.messages import Event, dead_letter, event_message
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_app import clock, erasures
from safelight.image_app.erasures import StillRendering
from safelight.image_app.errors import Problem
from safelight.image_app.images import service as images
from safelight.image_app.models import dead_letters, renderings
from safelight.image_app.resources import Resources
from tests.image_app.given import all_keys, chunks_of, process, rows_of, the_image
from tests.image_app.waiting import Waiting

SQUARE: dict[str, Any] = {"width": 50, "height": 50, "fit": "cover"}
FINGERPRINT = Transformation(**SQUARE).fingerprint()


@pytest.fixture
async def square(ready: Waiting) -> Waiting:
    """A ready image with an ad-hoc variant."""
    await ready.answer(await ready.add("square", **SQUARE))
    await ready.forget_events()
    return ready


async def a_rendering(waiting: Waiting, status: str, holder: int | None = None) -> None:
    async with waiting.resources.database.writing() as connection:
        values = {"status": status, "holder": holder, "started_at": clock.now()}
        await connection.execute(
            renderings.insert().values(image_id=waiting.image_id, fingerprint=FINGERPRINT, **values)
        )


async def test_a_deleted_variant_leaves_no_object(square: Waiting) -> None:
    before = await square.objects()
    await square.delete("square")
    assert "square" not in await square.variants()
    told = {"name": "square", "fingerprint": FINGERPRINT, "sha256": square.job.sha256}
    assert await square.told("variant.deleted") == [told]
    assert await square.objects() == before
    for _ in range(2):
        await square.deliver_events()
    assert await square.objects() == before - {FINGERPRINT}
    assert (await square.row()).status == "ready"


async def test_a_variant_made_again_before_its_object_went_keeps_it(square: Waiting) -> None:
    await square.delete("square")
    job = await square.add("square", **SQUARE)
    await square.deliver_events()
    assert FINGERPRINT in await square.objects()
    await square.answer(job)
    await square.deliver_events()
    assert FINGERPRINT in await square.objects()
    await square.delete("square")
    await square.add("other", **SQUARE)
    await square.deliver_events()
    assert FINGERPRINT in await square.objects()


async def test_what_will_replace_something_is_not_erased(square: Waiting) -> None:
    await square.preset("own", width=70)
    await square.answer(await square.reprocess("own"))
    await square.preset("own", **SQUARE)
    await square.reprocess("own")
    await square.delete("square")
    await square.deliver_events()
    assert FINGERPRINT in await square.objects()


@pytest.mark.parametrize("status", ["pending", "ready"])
async def test_a_rendering_keeps_the_object_of_its_fingerprint(
    square: Waiting, status: str
) -> None:
    await a_rendering(square, status)
    await square.delete("square")
    await square.deliver_events()
    assert FINGERPRINT in await square.objects()


async def test_a_rendering_that_failed_keeps_nothing(square: Waiting) -> None:
    await a_rendering(square, "failed")
    await square.delete("square")
    await square.deliver_events()
    assert FINGERPRINT not in await square.objects()


async def test_a_rendering_learns_what_a_job_has_made_of_its_object(square: Waiting) -> None:
    await a_rendering(square, "ready")
    await square.answer(await square.reprocess(), content=b"other pixels")
    async with square.resources.database.reading() as connection:
        [row] = await rows_of(connection, renderings)
    assert (row.size, row.content_type) == (12, "image/webp")


async def test_a_variant_deleted_while_it_is_made_leaves_no_object(ready: Waiting) -> None:
    job = await ready.add("square", **SQUARE)
    await ready.delete("square")
    assert (await ready.row()).status == "ready"
    await ready.deliver_events()
    await ready.answer(job)
    assert (await ready.row()).status == "ready"
    assert FINGERPRINT in await ready.objects()
    await ready.deliver_events()
    assert FINGERPRINT not in await ready.objects()
    assert await ready.events() == ["variant.deleted", "image.ready", "variant.deleted"]


async def test_a_replacement_of_a_deleted_variant_leaves_no_object(square: Waiting) -> None:
    await square.preset("own", width=70)
    await square.answer(await square.reprocess("own"))
    await square.preset("own", width=80)
    job = await square.reprocess("own")
    await square.delete("own")
    await square.answer(job)
    await square.deliver_events()
    own = {Transformation(width=side).fingerprint() for side in (70, 80)}
    assert not own & await square.objects()


async def test_an_upload_whose_variants_all_go_waits_for_its_first_outcome(
    waiting: Waiting,
) -> None:
    for name in BUILT_IN:
        await waiting.delete(name)
    assert (await waiting.row()).status == "processing"
    await waiting.answer(waiting.job)
    row = await waiting.row()
    assert (row.status, row.placeholder) == ("ready", "data:,")
    await waiting.deliver_events()
    assert await waiting.objects() == set()


async def test_an_upload_whose_variants_all_went_can_fail_all_the_same(waiting: Waiting) -> None:
    for name in BUILT_IN:
        await waiting.delete(name)
    await waiting.bury(waiting.job)
    assert (await waiting.row()).status == "failed"


async def test_of_several_that_wait_one_may_go_and_the_others_are_waited_for(
    waiting: Waiting,
) -> None:
    await waiting.delete("thumb")
    await waiting.answer(waiting.job)
    assert list(await waiting.variants()) == ["small", "preview", "grayscale"]
    await waiting.deliver_events()
    assert BUILT_IN["thumb"].fingerprint() not in await waiting.objects()
    assert (await waiting.row()).status == "ready"


async def test_an_erasure_that_the_world_put_off_is_promised_again(square: Waiting) -> None:
    await square.preset("own", width=70)
    await square.answer(await square.reprocess("own"))
    await square.preset("own", width=80)
    await square.answer(await square.reprocess("own"))
    await square.delete("square")
    promises = [
        m
        for m in await square.promises()
        if m.headers["ce_type"] == "variant.deleted" or b"replaced" in m.body
    ]
    assert len(promises) == 2
    await square.forget_events()
    for promise in promises:
        await square.delivery.send(dead_letter(promise, "StoreUnavailable: the store is away"))
    assert await square.promises() == promises
    await square.deliver_events()
    gone = {FINGERPRINT, Transformation(width=70).fingerprint()}
    assert not gone & await square.objects()


@pytest.mark.parametrize("fingerprint", ["", "..", "../../..", "f" * 17, "F" * 16, None, 7, []])
async def test_a_foreign_message_erases_nothing_and_is_kept_once(
    ready: Waiting, fingerprint: object
) -> None:
    before = await ready.objects()
    for kind, named in (("variant.deleted", "fingerprint"), ("variant.ready", "replaced")):
        data = {"account_id": ready.account_id, named: fingerprint}
        event = Event.model_validate(
            {"id": "1", "type": kind, "subject": ready.image_id, "time": clock.now(), "data": data}
        )
        await ready.delivery.send(event_message(event))
    assert await ready.objects() == before
    assert await ready.promises() == []
    async with ready.resources.database.reading() as connection:
        assert len(await rows_of(connection, dead_letters)) == 2


async def test_a_stranger_s_account_erases_nothing(ready: Waiting) -> None:
    await ready.resources.objects.put(ready.key(FINGERPRINT), chunks_of(b"x"))
    data = {"account_id": clock.new_id(), "fingerprint": FINGERPRINT}
    event = Event(
        id="1", type="variant.deleted", subject=ready.image_id, time=clock.now(), data=data
    )
    await ready.delivery.send(event_message(event))
    assert FINGERPRINT in await ready.objects()
    assert await ready.promises() == []


async def test_what_is_wanted_while_its_object_goes_is_made_anew(square: Waiting) -> None:
    """Whoever wants it waits for the lock on the image, so it never counts on what is going."""
    for _ in range(5):
        await square.delete("square")
        promises = await square.promises()
        await square.forget_events()
        erasing = [erasures.take_event(square.resources, message) for message in promises]
        await asyncio.gather(square.add("square", **SQUARE), *erasing)
        await square.answer(await square.last_job())
        await square.deliver_events()
        assert (await square.variant("square")).status == "ready"
        assert FINGERPRINT in await square.objects()


# A deleted image, of which something is just rendered.


async def test_an_image_is_not_erased_while_this_process_renders_it(square: Waiting) -> None:
    await a_rendering(square, "pending")
    await images.delete_image(square.resources, square.account_id, square.image_id)
    [deletion] = await square.promises()
    square.resources.rendering.add((square.image_id, FINGERPRINT))
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
    await a_rendering(square, "pending", holder=presence.member)
    await images.delete_image(here, square.account_id, square.image_id)
    [deletion] = await square.promises()
    async with presence.joined():
        with pytest.raises(StillRendering):
            await erasures.take_event(here, deletion)
    await erasures.take_event(here, deletion)
    assert await the_image(database, square.image_id) is None


async def test_a_rendering_that_a_crash_cut_off_holds_up_nothing(square: Waiting) -> None:
    await a_rendering(square, "pending")
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


async def test_a_variant_that_is_not_there_can_not_be_deleted(ready: Waiting) -> None:
    for name in ("nothing", "original", "", "a\0b", "../thumb"):
        with pytest.raises(Problem) as refusal:
            await ready.delete(name)
        assert refusal.value.kind.code == "variant-not-found"


def test_nothing_is_rendered_at_first(resources: Resources) -> None:
    assert resources.rendering == set()

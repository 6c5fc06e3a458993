"""Objects go once nothing refers to them, and never before."""

import asyncio

import pytest

from safelight.contract.messages import Event, dead_letter, event_message
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_app import clock, erasures
from safelight.image_app.errors import Problem
from safelight.image_app.models import dead_letters, renderings
from safelight.image_app.resources import Resources
from tests.image_app.given import chunks_of, rows_of
from tests.image_app.waiting import SQUARE, SQUARED, Waiting


async def test_a_deleted_variant_leaves_no_object(square: Waiting) -> None:
    before = await square.objects()
    await square.delete("square")
    assert "square" not in await square.variants()
    told = {"name": "square", "fingerprint": SQUARED, "sha256": square.job.sha256}
    assert await square.told("variant.deleted") == [told]
    assert await square.objects() == before
    for _ in range(2):
        await square.deliver_events()
    assert await square.objects() == before - {SQUARED}
    assert (await square.row()).status == "ready"


async def test_a_variant_made_again_before_its_object_went_keeps_it(square: Waiting) -> None:
    await square.delete("square")
    job = await square.add("square", **SQUARE)
    await square.deliver_events()
    assert SQUARED in await square.objects()
    await square.answer(job)
    await square.deliver_events()
    assert SQUARED in await square.objects()
    await square.delete("square")
    await square.add("other", **SQUARE)
    await square.deliver_events()
    assert SQUARED in await square.objects()


async def test_what_will_replace_something_is_not_erased(square: Waiting) -> None:
    await square.preset("own", width=70)
    await square.answer(await square.reprocess("own"))
    await square.preset("own", **SQUARE)
    await square.reprocess("own")
    await square.delete("square")
    await square.deliver_events()
    assert SQUARED in await square.objects()


@pytest.mark.parametrize("status", ["pending", "ready"])
async def test_a_rendering_keeps_the_object_of_its_fingerprint(
    square: Waiting, status: str
) -> None:
    await square.rendering(status)
    await square.delete("square")
    await square.deliver_events()
    assert SQUARED in await square.objects()


async def test_a_rendering_that_failed_keeps_nothing(square: Waiting) -> None:
    await square.rendering("failed")
    await square.delete("square")
    await square.deliver_events()
    assert SQUARED not in await square.objects()


async def test_a_rendering_learns_what_a_job_has_made_of_its_object(square: Waiting) -> None:
    await square.rendering("ready")
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
    assert SQUARED in await ready.objects()
    await ready.deliver_events()
    assert SQUARED not in await ready.objects()
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
    gone = {SQUARED, Transformation(width=70).fingerprint()}
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
    await ready.resources.objects.put(ready.key(SQUARED), chunks_of(b"x"))
    data = {"account_id": clock.new_id(), "fingerprint": SQUARED}
    event = Event(
        id="1", type="variant.deleted", subject=ready.image_id, time=clock.now(), data=data
    )
    await ready.delivery.send(event_message(event))
    assert SQUARED in await ready.objects()
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
        assert SQUARED in await square.objects()


async def test_a_variant_that_is_not_there_can_not_be_deleted(ready: Waiting) -> None:
    for name in ("nothing", "original", "", "a\0b", "../thumb"):
        with pytest.raises(Problem) as refusal:
            await ready.delete(name)
        assert refusal.value.kind.code == "variant-not-found"


def test_nothing_is_rendered_at_first(resources: Resources) -> None:
    assert resources.rendering == set()

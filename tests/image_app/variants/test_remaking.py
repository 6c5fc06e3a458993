"""Variants made anew: what is there stays until its replacement is."""

from sqlalchemy import update

from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_app.models import variants
from safelight.image_app.outcomes import PARKED
from tests.image_app.given import chunks_of
from tests.image_app.waiting import CORRUPT, FAILED, Waiting

OF_2024 = "018cc251-f400-7000-8000-000000000000"
THUMB = BUILT_IN["thumb"].fingerprint()
OLD, NEW = (Transformation(width=side).fingerprint() for side in (50, 60))


async def with_own(ready: Waiting) -> None:
    """A variant by the first version of a preset, which then changes."""
    await ready.preset("own", width=50)
    await ready.answer(await ready.reprocess("own"))
    await ready.preset("own", width=60)
    await ready.deliver_events()
    await ready.forget_events()


async def test_what_is_ready_stays_reachable_while_it_is_made_anew(ready: Waiting) -> None:
    await with_own(ready)
    before = await ready.variant("own")
    job = await ready.reprocess("own")
    assert [(v.name, v.transformation.width) for v in job.variants] == [("own", 60)]
    row = await ready.variant("own")
    assert (row.status, row.fingerprint, row.size) == ("ready", OLD, before.size)
    assert (row.job_id, row.replacement["fingerprint"]) == (job.id, NEW)
    assert row.replacement["preset_version"] == 2
    assert (await ready.row()).status == "processing"
    await ready.deliver_events()
    assert OLD in await ready.objects()


async def test_the_replacement_takes_its_place_and_the_old_object_goes(ready: Waiting) -> None:
    await with_own(ready)
    await ready.answer(await ready.reprocess("own"), content=b"other pixels")
    row = await ready.variant("own")
    assert (row.status, row.fingerprint, row.size) == ("ready", NEW, 12)
    assert (row.preset_version, row.transformation) == (2, {"width": 60})
    assert (row.job_id, row.replacement, row.error_code) == (None, None, None)
    assert (await ready.row()).status == "ready"
    told = {"name": "own", "fingerprint": NEW, "replaced": OLD}
    assert await ready.told("variant.ready") == [told]
    assert await ready.events() == ["variant.ready", "image.ready"]
    assert {OLD, NEW} <= await ready.objects()
    await ready.deliver_events()
    assert OLD not in await ready.objects()
    assert NEW in await ready.objects()


async def test_a_replacement_that_could_not_be_made_leaves_what_is_there(ready: Waiting) -> None:
    await with_own(ready)
    before = await ready.variant("own")
    await ready.answer(await ready.reprocess("own"), failed=["own"])
    assert await ready.variant("own") == before
    assert (await ready.row()).status == "ready"
    assert await ready.told("image.ready") == [{"failed": {"own": FAILED.model_dump()}}]
    await ready.deliver_events()
    assert OLD in await ready.objects()


async def test_a_picture_that_is_rejected_later_is_failed_and_keeps_what_was_made(
    ready: Waiting,
) -> None:
    before = await ready.variants()
    await ready.tell(ready.rejected(await ready.reprocess()))
    row = await ready.row()
    assert (row.status, row.error_code) == ("failed", CORRUPT.code)
    assert await ready.variants() == before
    assert await ready.told("image.failed") == [{"error": CORRUPT.model_dump()}]
    await ready.answer(await ready.reprocess())
    row = await ready.row()
    assert (row.status, row.error_code, row.error_detail) == ("ready", None, None)


async def test_a_job_that_nobody_could_do_fails_those_that_waited_for_it_alone(
    ready: Waiting,
) -> None:
    await with_own(ready)
    old, new = await ready.variant("own"), await ready.add("square", width=70)
    job = await ready.reprocess("own", "thumb")
    await ready.bury(job)
    made = await ready.variants()
    assert made["own"] == old
    assert (made["thumb"].status, made["thumb"].job_id) == ("ready", None)
    assert (made["square"].status, made["square"].job_id) == ("pending", new.id)
    assert (await ready.row()).status == "processing"
    await ready.answer(new)
    assert (await ready.row()).status == "ready"
    await ready.bury(await ready.reprocess("own"))
    assert (await ready.row()).error_code == PARKED.code


async def test_what_a_buried_job_had_made_in_part_goes(ready: Waiting) -> None:
    await with_own(ready)
    job = await ready.reprocess("own", "thumb")
    await ready.resources.objects.put(ready.key(NEW), chunks_of(b"x"))
    await ready.bury(job)
    await ready.deliver_events()
    assert NEW not in await ready.objects()
    assert {OLD, THUMB} <= await ready.objects()


async def test_what_is_under_way_is_not_promised_again(ready: Waiting) -> None:
    await ready.preset("own", width=50)
    first = await ready.reprocess("own")
    assert await ready.reprocess("own") == first
    second = await ready.reprocess("own", "thumb")
    assert [v.name for v in second.variants] == ["thumb"]
    await ready.answer(second)
    await ready.answer(first)
    assert (await ready.row()).status == "ready"


async def test_a_job_that_was_lost_long_ago_can_be_asked_for_again(waiting: Waiting) -> None:
    async with waiting.resources.database.writing() as connection:
        await connection.execute(update(variants).values(job_id=OF_2024))
    again = await waiting.reprocess()
    assert again.id != waiting.job.id
    await waiting.answer(again)
    assert (await waiting.row()).status == "ready"


async def test_the_same_work_done_again_erases_nothing(ready: Waiting) -> None:
    before = await ready.objects()
    await ready.answer(await ready.reprocess(), content=b"better")
    told = await ready.told("variant.ready")
    assert [(v["name"], "replaced" in v) for v in told] == [(name, False) for name in BUILT_IN]
    await ready.deliver_events()
    assert await ready.objects() == before
    assert {v.status for v in (await ready.variants()).values()} == {"ready"}


async def test_all_are_made_by_what_their_presets_say_now_and_others_by_their_own(
    ready: Waiting,
) -> None:
    await with_own(ready)
    await ready.answer(await ready.add("square", width=70, height=70, fit="cover"))
    job = await ready.reprocess()
    wanted = {v.name: v.transformation for v in job.variants}
    assert wanted == {
        **BUILT_IN,
        "own": Transformation(width=60),
        "square": Transformation(width=70, height=70, fit="cover"),
    }
    await ready.answer(job)
    made = await ready.variants()
    assert list(made) == [*BUILT_IN, "own", "square"]
    assert [v.preset_version for v in made.values()] == [1, 1, 1, 1, 2, None]


async def test_a_failed_picture_can_be_processed_again(waiting: Waiting) -> None:
    await waiting.tell(waiting.rejected())
    job = await waiting.reprocess()
    row = await waiting.row()
    assert (row.status, row.error_code) == ("processing", None)
    made = await waiting.variants()
    assert {(v.status, v.error_code, v.job_id) for v in made.values()} == {
        ("pending", None, job.id)
    }
    await waiting.answer(job)
    assert await waiting.statuses() == {"ready"}
    assert await waiting.events() == ["image.uploaded", "image.failed", "image.ready"]


async def test_a_failed_variant_that_is_wanted_otherwise_leaves_no_object(ready: Waiting) -> None:
    await ready.preset("own", width=50)
    await ready.bury(await ready.reprocess("own"))
    await ready.resources.objects.put(ready.key(OLD), chunks_of(b"x"))
    await ready.preset("own", width=60)
    await ready.answer(await ready.reprocess("own"))
    await ready.deliver_events()
    assert OLD not in await ready.objects()
    assert (await ready.variant("own")).fingerprint == NEW


async def test_an_image_without_variants_gets_those_of_an_upload(ready: Waiting) -> None:
    for name in BUILT_IN:
        await ready.delete(name)
    await ready.preset("own", width=50)
    job = await ready.reprocess()
    assert [v.name for v in job.variants] == list(BUILT_IN)


async def test_what_the_processor_saw_is_kept(ready: Waiting) -> None:
    row = await ready.row()
    assert (row.frames, row.has_alpha, row.width) == (1, None, 640)

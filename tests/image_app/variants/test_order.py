"""Outcomes that are old, doubled, out of order or superseded move nothing."""

import pytest
from sqlalchemy import update

from safelight.contract.messages import Job
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_app.models import variants
from safelight.image_app.outcomes import PARKED
from tests.image_app.given import process
from tests.image_app.waiting import FAILED, Waiting

FIRST, SECOND, THIRD = (Transformation(width=side).fingerprint() for side in (50, 60, 70))


async def two_versions(ready: Waiting) -> tuple[Job, Job]:
    """Jobs of two versions of a preset, the second wanted before the first is made."""
    await ready.preset("own", width=50)
    first = await ready.reprocess("own")
    await ready.preset("own", width=60)
    return first, await ready.reprocess("own")


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0, 1, 0, 1), (1, 1, 0, 1), (0, 1, 0)])
async def test_whatever_the_order_the_last_wish_is_what_stays(
    ready: Waiting, order: tuple[int, ...]
) -> None:
    jobs = await two_versions(ready)
    for number in order:
        await ready.answer(jobs[number])
        await ready.deliver_events()
    row = await ready.variant("own")
    assert (row.status, row.fingerprint, row.preset_version) == ("ready", SECOND, 2)
    assert (row.job_id, row.replacement) == (None, None)
    assert (await ready.row()).status == "ready"
    assert FIRST not in await ready.objects()
    assert SECOND in await ready.objects()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
async def test_a_replacement_that_is_itself_replaced_leaves_no_object(
    ready: Waiting, order: tuple[int, ...]
) -> None:
    first, second = await two_versions(ready)
    await ready.answer(first)
    await ready.answer(second)
    await ready.preset("own", width=70)
    third = await ready.reprocess("own")
    await ready.preset("own", width=50)
    jobs = [third, await ready.reprocess("own"), second]
    for number in order:
        await ready.answer(jobs[number])
        await ready.deliver_events()
    row = await ready.variant("own")
    assert (row.status, row.fingerprint, row.preset_version) == ("ready", FIRST, 4)
    assert (await ready.row()).status == "ready"
    objects = await ready.objects()
    assert FIRST in objects
    assert not {SECOND, THIRD} & objects


async def test_a_superseded_rejection_changes_nothing(ready: Waiting) -> None:
    first, second = await two_versions(ready)
    before = await ready.state()
    await ready.tell(ready.rejected(first))
    await ready.bury(first)
    assert await ready.state() == before
    await ready.answer(second)
    after = await ready.state()
    await ready.tell(ready.rejected(second))
    await ready.bury(second)
    await ready.tell(ready.rejected(ready.job))
    assert await ready.state() == after
    assert (await ready.row()).status == "ready"


async def test_a_doubled_outcome_tells_nothing_twice(ready: Waiting) -> None:
    job = await ready.add("square", width=50)
    for _ in range(3):
        await ready.answer(job)
    assert await ready.events() == ["variant.ready", "image.ready"]


async def test_an_image_is_ready_once_all_of_its_jobs_are_answered(waiting: Waiting) -> None:
    """Also when the later one is answered first, and whoever was made by then is told of."""
    job = await waiting.add("square", width=50)
    await waiting.answer(job)
    row = await waiting.row()
    assert (row.status, row.placeholder) == ("processing", "data:,")
    assert (await waiting.variant("square")).status == "ready"
    await waiting.answer(waiting.job, failed=["small"])
    assert (await waiting.row()).status == "ready"
    assert [v["name"] for v in await waiting.told("variant.ready")] == [
        "square",
        "thumb",
        "preview",
        "grayscale",
    ]
    assert await waiting.told("image.ready") == [{"failed": {"small": FAILED.model_dump()}}]


async def test_a_fault_is_told_also_while_something_else_waits(ready: Waiting) -> None:
    job = await ready.reprocess("thumb")
    await ready.add("square", width=50)
    await ready.answer(job, failed=["thumb"])
    version = (await ready.row()).version
    assert await ready.told("image.updated") == [
        {"version": version, "failed": {"thumb": FAILED.model_dump()}}
    ]
    assert (await ready.row()).status == "processing"


async def test_a_variant_of_two_names_is_one_object_until_both_are_gone(ready: Waiting) -> None:
    for name in ("one", "two"):
        await ready.answer(await ready.add(name, width=50))
    await ready.delete("one")
    await ready.deliver_events()
    assert FIRST in await ready.objects()
    await ready.delete("two")
    await ready.deliver_events()
    assert FIRST not in await ready.objects()


# Rows from before variants knew their job: they wait by status, name and fingerprint.


async def make_old(waiting: Waiting) -> None:
    async with waiting.resources.database.writing() as connection:
        await connection.execute(update(variants).values(job_id=None))


async def test_variants_of_an_earlier_release_take_their_outcome(waiting: Waiting) -> None:
    await make_old(waiting)
    outcome = await process(waiting.resources, waiting.job)
    await waiting.tell(outcome.model_copy(update={"variants": outcome.variants[1:]}))
    made = await waiting.variants()
    assert [v.status for v in made.values()] == ["failed", "ready", "ready", "ready"]
    assert made["thumb"].error_code == PARKED.code
    assert (await waiting.row()).status == "ready"


async def test_variants_of_an_earlier_release_wait_for_no_other_job(waiting: Waiting) -> None:
    await make_old(waiting)
    job = await waiting.add("square", width=50)
    await waiting.answer(job)
    await waiting.answer(job)
    made = await waiting.variants()
    assert [v.status for v in made.values()] == ["pending"] * len(BUILT_IN) + ["ready"]
    assert (await waiting.row()).status == "processing"
    await waiting.answer(waiting.job)
    assert await waiting.statuses() == {"ready"}
    assert (await waiting.row()).status == "ready"


async def test_variants_of_an_earlier_release_fail_with_their_job(waiting: Waiting) -> None:
    await make_old(waiting)
    await waiting.bury(waiting.job)
    assert await waiting.statuses() == {"failed"}
    assert (await waiting.row()).status == "failed"

"""What may be asked to be made of a picture, and what is refused."""

import asyncio
from typing import Any

import pytest

from safelight.contract.presets import BUILT_IN
from safelight.image_app import clock, errors
from safelight.image_app.errors import Problem
from safelight.image_app.presets import service as presets
from safelight.image_app.variants import service
from safelight.image_app.variants.schemas import Reprocessing
from tests.image_app.given import an_account, jobs_of, with_rules
from tests.image_app.waiting import Waiting


async def refusal_of(waiting: Waiting, name: str, **options: Any) -> Problem:
    with pytest.raises(Problem) as refusal:
        await waiting.add(name, **options)
    return refusal.value


async def test_an_ad_hoc_variant_waits_and_is_made(ready: Waiting) -> None:
    job = await ready.add("square", width=50)
    assert [v.name for v in job.variants] == ["square"]
    row = await ready.variant("square")
    assert (row.status, row.job_id, row.preset_version) == ("pending", job.id, None)
    assert (await ready.row()).status == "processing"
    await ready.answer(job)
    assert (await ready.variant("square")).status == "ready"
    assert await ready.events() == ["variant.ready", "image.ready"]


async def test_a_name_that_is_taken_is_refused(ready: Waiting) -> None:
    await ready.add("square", width=50)
    for name in ("square", "thumb"):
        assert (await refusal_of(ready, name, width=60)).kind == errors.VARIANT_EXISTS


async def test_a_preset_s_name_is_for_what_the_preset_makes(ready: Waiting) -> None:
    await ready.preset("own", width=50)
    await ready.delete("thumb")
    for name in ("own", "thumb"):
        refusal = await refusal_of(ready, name, width=60)
        [error] = refusal.errors
        assert (refusal.kind, error.field) == (errors.VALIDATION_FAILED, "name")
        assert "reprocess" in error.message


async def test_of_many_that_want_the_same_name_one_gets_it(ready: Waiting) -> None:
    wishes = (ready.add("square", width=50) for _ in range(6))
    results = await asyncio.gather(*wishes, return_exceptions=True)
    refused = [r for r in results if isinstance(r, Problem)]
    assert [problem.kind for problem in refused] == [errors.VARIANT_EXISTS] * 5
    assert len(await jobs_of(ready.resources, ready.image_id)) == 2


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"crop": (640, 0, 10, 10)}, "crop"),
        ({"width": 8000, "fit": "contain", "rotate": 45}, "rotate"),
        ({"width": 8192, "fit": "contain", "pad": (0, 1, 0, 0)}, "pad"),
    ],
)
async def test_what_can_not_be_done_to_a_picture_of_these_sides_is_refused_by_option(
    ready: Waiting, options: dict[str, Any], named: str
) -> None:
    refusal = await refusal_of(ready, "wrong", **options)
    assert refusal.kind == errors.VALIDATION_FAILED
    assert [error.field for error in refusal.errors] == [f"transformation.{named}"]
    assert len(await ready.variants()) == len(BUILT_IN)


async def test_sides_that_may_be_swapped_are_judged_by_what_is_wrong_either_way(
    waiting: Waiting,
) -> None:
    """The header of a portrait often says landscape; only a decoder knows."""
    await waiting.add("maybe", crop=(0, 500, 10, 10))
    refusal = await refusal_of(waiting, "never", crop=(0, 640, 10, 10))
    assert [error.field for error in refusal.errors] == ["transformation.crop"]


async def test_a_watermark_is_an_image_of_the_account_s_own(ready: Waiting) -> None:
    refusal = await refusal_of(ready, "marked", watermark={"image_id": clock.new_id()})
    assert [error.field for error in refusal.errors] == ["transformation.watermark.image_id"]
    job = await ready.add("marked", watermark={"image_id": ready.image_id})
    assert [overlay.image_id for overlay in job.overlays] == [ready.image_id]


async def test_an_image_has_only_so_many_variants(ready: Waiting) -> None:
    for number in range(service.MOST - len(BUILT_IN)):
        await ready.add(f"v{number}", width=50)
    assert (await refusal_of(ready, "more", width=50)).kind == errors.QUOTA_EXCEEDED
    await ready.delete("v0")
    await ready.add("more", width=50)


async def test_a_full_queue_takes_no_more_work(ready: Waiting) -> None:
    full = Waiting(
        with_rules(ready.resources, queue_limit=0), ready.delivery, ready.account_id, ready.job
    )
    assert (await refusal_of(full, "square", width=50)).kind == errors.QUEUE_FULL
    with pytest.raises(Problem) as refusal:
        await full.reprocess()
    assert refusal.value.kind == errors.QUEUE_FULL


async def test_presets_that_are_named_are_made_and_no_others(ready: Waiting) -> None:
    await ready.preset("own", width=50)
    await ready.delete("small")
    job = await ready.reprocess("own", "small", "own", "thumb")
    assert [v.name for v in job.variants] == ["thumb", "small", "own"]
    statuses = {name: row.status for name, row in (await ready.variants()).items()}
    assert statuses == {
        "thumb": "ready",
        "small": "pending",
        "preview": "ready",
        "grayscale": "ready",
        "own": "pending",
    }
    with pytest.raises(Problem) as refusal:
        await ready.reprocess("thumb", "nothing")
    assert refusal.value.kind == errors.UNKNOWN_PRESET
    assert (await ready.variant("thumb")).job_id == job.id


async def test_a_variant_outlives_its_preset(ready: Waiting) -> None:
    await ready.preset("own", width=50)
    await ready.answer(await ready.reprocess("own"))
    await presets.delete_preset(ready.resources, ready.account_id, "own")
    job = await ready.reprocess()
    assert job.variants[-1].transformation.width == 50
    await ready.answer(job)
    assert (await ready.variant("own")).preset_version == 1


async def test_another_s_image_does_not_exist(ready: Waiting) -> None:
    bob = Waiting(
        ready.resources, ready.delivery, await an_account(ready.resources, "bob"), ready.job
    )
    attempts = (bob.add("square", width=50), bob.delete("thumb"), bob.reprocess())
    for attempt in attempts:
        with pytest.raises(Problem) as refusal:
            await attempt
        assert refusal.value.kind == errors.IMAGE_NOT_FOUND
    with pytest.raises(Problem):
        await service.require_image(ready.resources, bob.account_id, ready.image_id)


def test_an_empty_list_of_presets_is_no_list() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Reprocessing(presets=[])

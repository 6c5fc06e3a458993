"""Presets of one's own: versions that only rise, names, quotas."""

import asyncio
from typing import Any

import pytest

from safelight.contract.messages import Overlay
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_app import clock, errors
from safelight.image_app.errors import Problem
from safelight.image_app.images import service as images
from safelight.image_app.presets import service
from safelight.image_app.presets.schemas import Preset, PresetBody
from safelight.image_app.resources import Resources
from tests.image_app.given import an_account, an_upload, job_of, the_variants
from tests.image_app.waiting import Waiting


async def put(
    resources: Resources, account_id: str, name: str, on_upload: bool = True, **options: Any
) -> tuple[Preset, bool]:
    wanted = PresetBody(transformation=Transformation(**options), on_upload=on_upload)
    return await service.put_preset(resources, account_id, name, wanted)


async def test_each_change_makes_the_version_one_higher_and_no_change_none(
    resources: Resources,
) -> None:
    account_id = await an_account(resources)
    steps: list[tuple[dict[str, Any], int, bool]] = [
        ({"width": 50}, 1, True),
        ({"width": 50}, 1, False),
        ({"width": 50, "fit": "scale-down"}, 1, False),
        ({"width": 60}, 2, False),
        ({"width": 60, "on_upload": False}, 3, False),
        ({"width": 50, "on_upload": False}, 4, False),
    ]
    for options, version, is_new in steps:
        made, new = await put(resources, account_id, "own", **options)
        assert (made.version, new) == (version, is_new)
    listed = (await service.list_presets(resources, account_id)).items
    assert [p.name for p in listed] == [*BUILT_IN, "own"]
    assert listed[-1] == Preset(
        name="own", transformation={"width": 50}, on_upload=False, built_in=False, version=4
    )


async def test_changes_at_once_lose_no_version(resources: Resources) -> None:
    account_id = await an_account(resources)
    sides = range(1, 13)
    made = await asyncio.gather(*(put(resources, account_id, "own", width=n) for n in sides))
    assert sorted(preset.version for preset, _ in made) == list(sides)
    assert sum(is_new for _, is_new in made) == 1
    last = max(made, key=lambda one: one[0].version)[0]
    listed = (await service.list_presets(resources, account_id)).items
    assert listed[-1] == last


async def test_the_same_change_at_once_is_one(resources: Resources) -> None:
    account_id = await an_account(resources)
    made = await asyncio.gather(*(put(resources, account_id, "own", width=9) for _ in range(8)))
    assert {preset.version for preset, _ in made} == {1}
    assert sum(is_new for _, is_new in made) == 1


async def test_an_account_has_only_so_many_also_when_they_come_at_once(
    resources: Resources,
) -> None:
    account_id = await an_account(resources)
    puts = (put(resources, account_id, f"p{n}", width=9) for n in range(service.MOST + 3))
    results = await asyncio.gather(*puts, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Problem)]
    assert [problem.kind for problem in refused] == [errors.QUOTA_EXCEEDED] * 3
    listed = (await service.list_presets(resources, account_id)).items
    assert len(listed) == service.MOST + len(BUILT_IN)
    changed, is_new = await put(resources, account_id, listed[-1].name, width=10)
    assert (changed.version, is_new) == (2, False)
    await put(resources, await an_account(resources, "bob"), "own", width=9)


async def test_presets_are_one_s_own(resources: Resources) -> None:
    ann, bob = await an_account(resources), await an_account(resources, "bob")
    await put(resources, ann, "own", width=9)
    assert len((await service.list_presets(resources, bob)).items) == len(BUILT_IN)
    with pytest.raises(Problem) as refusal:
        await service.delete_preset(resources, bob, "own")
    assert refusal.value.kind == errors.PRESET_NOT_FOUND
    await service.delete_preset(resources, ann, "own")
    with pytest.raises(Problem):
        await service.delete_preset(resources, ann, "own")


@pytest.mark.parametrize("name", ["", "Own", "a b", "a_b", "ä", "a" * 33, "own\n", "a.b", "a=1"])
def test_a_name_that_can_not_stand_in_a_url_is_refused(name: str) -> None:
    with pytest.raises(Problem) as refusal:
        service.require_own_name(name)
    assert refusal.value.kind == errors.VALIDATION_FAILED
    assert [error.field for error in refusal.value.errors] == ["name"]


async def test_a_built_in_preset_stays_as_it_is(resources: Resources) -> None:
    account_id = await an_account(resources)
    with pytest.raises(Problem) as refusal:
        service.require_own_name("thumb")
    assert refusal.value.kind == errors.PRESET_IS_BUILT_IN
    with pytest.raises(Problem) as refusal:
        await service.delete_preset(resources, account_id, "thumb")
    assert refusal.value.kind == errors.PRESET_IS_BUILT_IN
    with pytest.raises(Problem) as refusal:
        service.require_own_name("original")
    assert refusal.value.kind == errors.VALIDATION_FAILED


async def test_an_upload_is_made_into_those_that_want_it_or_that_it_names(
    resources: Resources, photograph: bytes
) -> None:
    account_id = await an_account(resources)
    await put(resources, account_id, "zebra", width=9)
    await put(resources, account_id, "apple", width=8)
    await put(resources, account_id, "seldom", on_upload=False, width=7)
    await put(resources, account_id, "apple", width=6)
    default = await an_upload(resources, account_id, photograph)
    made = await the_variants(resources.database, default)
    assert list(made) == [*BUILT_IN, "apple", "zebra"]
    assert [row.preset_version for row in made.values()] == [1, 1, 1, 1, 2, 1]
    assert made["apple"].transformation == {"width": 6}
    names = ["seldom", "small", "apple"]
    named = await an_upload(resources, account_id, photograph, presets=names)
    assert list(await the_variants(resources.database, named)) == ["small", "apple", "seldom"]
    with pytest.raises(Problem) as refusal:
        await an_upload(resources, await an_account(resources, "bob"), photograph, presets="apple")
    assert refusal.value.kind == errors.UNKNOWN_PRESET


# A watermark is an image of the account's own.


async def refusal_of(resources: Resources, account_id: str, image_id: str) -> Problem:
    with pytest.raises(Problem) as refusal:
        await put(resources, account_id, "marked", watermark={"image_id": image_id})
    assert refusal.value.kind == errors.VALIDATION_FAILED
    return refusal.value


async def test_a_watermark_that_is_no_image_of_the_account_is_refused_by_name(
    ready: Waiting,
) -> None:
    resources = ready.resources
    bob = await an_account(resources, "bob")
    for account_id, image_id in ((bob, ready.image_id), (ready.account_id, clock.new_id())):
        [error] = (await refusal_of(resources, account_id, image_id)).errors
        assert error.field == "transformation.watermark.image_id"
    await put(resources, ready.account_id, "marked", watermark={"image_id": ready.image_id})


async def test_a_watermark_that_failed_or_was_deleted_is_refused(
    waiting: Waiting, photograph: bytes
) -> None:
    resources = waiting.resources
    deleted = await an_upload(resources, waiting.account_id, photograph)
    await images.delete_image(resources, waiting.account_id, deleted)
    await waiting.tell(waiting.rejected())
    for image_id in (deleted, waiting.image_id):
        await refusal_of(resources, waiting.account_id, image_id)


async def test_a_job_tells_of_the_images_that_its_watermarks_name(
    ready: Waiting, photograph: bytes
) -> None:
    """Also when one is gone by then, which is no reason to refuse an upload."""
    account_id, resources = ready.account_id, ready.resources
    gone = await an_upload(resources, account_id, photograph)
    await put(resources, account_id, "marked", watermark={"image_id": ready.image_id})
    await put(resources, account_id, "lost", watermark={"image_id": gone})
    await put(resources, account_id, "signed", watermark={"text": "©"})
    await images.delete_image(resources, account_id, gone)
    job = await job_of(resources, await an_upload(resources, account_id, photograph))
    assert job.overlays == [Overlay(image_id=ready.image_id, content_type="image/jpeg")]
    assert [v.name for v in job.variants] == [*BUILT_IN, "lost", "marked", "signed"]

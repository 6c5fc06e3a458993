"""Results of transformations: made when first asked for, once for all who ask, and kept."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from safelight.backends.objects import StoreUnavailable
from safelight.backends.rendering import RendererBusy, RendererUnavailable, RenderRefused
from safelight.contract import keys
from safelight.contract.messages import Fault
from safelight.contract.transformations import Transformation
from safelight.contract.watermarks import Watermark
from safelight.image_app import clock
from safelight.image_app.delivered import claims
from safelight.image_app.errors import Problem
from safelight.image_app.images import queries as images
from safelight.image_app.models import Found, variants
from safelight.image_app.rates import Rates
from safelight.image_app.resources import Resources
from safelight.image_app.work import begin
from tests.image_app.delivered.given import (
    CONTENT,
    WANTED,
    Darkroom,
    an_image,
    ask,
    change_image,
    change_rendering,
    the_renderings,
)
from tests.image_app.given import all_keys, an_upload, job_of, process

REFUSAL = RenderRefused(Fault(code="variant-failed", detail="Not of this picture."))


def key_of(image: Found, wanted: Transformation = WANTED) -> str:
    return keys.variant(image.account_id, image.id, wanted.fingerprint(), image.sha256)


async def refused(code: str, api: Resources, image: Found) -> Problem:
    with pytest.raises(Problem) as refusal:
        await ask(api, image)
    assert refusal.value.kind.code == code
    return refusal.value


async def assert_nothing_is_left(api: Resources, image: Found) -> None:
    assert await the_renderings(api) == []
    assert key_of(image) not in await all_keys(api.objects)
    assert not api.rendering


async def test_what_is_made_is_stored_and_found_again(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    first = await ask(api, image)
    again = await ask(api, image)
    assert (first.content_type, first.size) == ("image/webp", len(CONTENT))
    assert first.taken is not None
    assert again == replace(first, taken=None)
    assert len(darkroom.jobs) == 1
    assert b"".join([c async for c in await api.objects.read(key_of(image))]) == CONTENT
    [row] = await the_renderings(api)
    assert (row.status, row.holder, row.size) == ("ready", None, len(CONTENT))
    assert (row.width, row.height) == (10, 20)


async def test_the_job_says_all_that_a_renderer_needs(
    api: Resources, image: Found, darkroom: Darkroom, photograph: bytes
) -> None:
    logo = await an_upload(api, image.account_id, photograph + b"logo")
    marked = WANTED.model_copy(update={"watermark": Watermark(image_id=logo)})
    await ask(api, image, marked)
    [job] = darkroom.jobs
    assert (job.account_id, job.image_id, job.sha256) == (image.account_id, image.id, image.sha256)
    assert [variant.transformation for variant in job.variants] == [marked]
    assert [overlay.image_id for overlay in job.overlays] == [logo]


async def test_equal_requests_at_the_same_moment_are_made_once(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.open.clear()
    asking = [asyncio.create_task(ask(api, image)) for _ in range(50)]
    await darkroom.busy()
    darkroom.open.set()
    made = await asyncio.gather(*asking)
    assert len(set(made)) == 1
    assert len(darkroom.jobs) == 1


async def test_other_requests_do_not_wait_for_it(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.open.clear()
    widths = [Transformation(width=n, format="webp") for n in range(1, 6)]
    asking = [asyncio.create_task(ask(api, image, wanted)) for wanted in widths]
    async with asyncio.timeout(60):
        while len(darkroom.jobs) < len(widths):
            await asyncio.sleep(0.001)
    darkroom.open.set()
    await asyncio.gather(*asking)


async def test_the_work_goes_on_when_whoever_began_it_leaves(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.open.clear()
    first = asyncio.create_task(ask(api, image))
    await darkroom.busy()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.create_task(ask(api, image))
    darkroom.open.set()
    await second
    assert len(darkroom.jobs) == 1


async def test_a_variant_that_was_made_by_the_same_transformation_is_found(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    job = await job_of(api, image.id)
    await process(api, job)
    small = next(v.transformation for v in job.variants if v.name == "small")
    async with begin(api) as work:
        rows = (await images.variants_of(work.connection, [image.id]))[image.id]
        ready = {"status": "ready", "content_type": "image/webp", "size": 6}
        for row in rows:
            await work.connection.execute(
                variants.update().where(variants.c.name == row.name).values(**ready)
            )
    made = await ask(api, image, small)
    assert (made.size, made.taken) == (6, None)
    assert not darkroom.jobs


async def test_a_picture_of_which_it_can_not_be_made_is_not_tried_at_each_request(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.failure = REFUSAL
    for _ in range(3):
        problem = await refused("variant-failed", api, image)
        assert problem.detail == "Not of this picture."
    assert len(darkroom.jobs) == 1
    [row] = await the_renderings(api)
    assert (row.status, row.error_code) == ("failed", "variant-failed")


async def test_what_failed_a_while_ago_is_tried_again(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.failure = REFUSAL
    await refused("variant-failed", api, image)
    darkroom.failure = None
    await change_rendering(api, started_at=clock.now() - claims.FAILED_FOR - timedelta(seconds=1))
    await ask(api, image)
    [row] = await the_renderings(api)
    assert (row.status, row.error_code, row.error_detail) == ("ready", None, None)


async def test_nothing_is_left_when_nobody_can_render_now(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.failure = RendererBusy()
    await refused("queue-full", api, image)
    await assert_nothing_is_left(api, image)
    darkroom.failure = RendererUnavailable()
    with pytest.raises(RendererUnavailable):
        await ask(api, image)
    await assert_nothing_is_left(api, image)
    darkroom.failure = None
    assert (await ask(api, image)).size == len(CONTENT)


@pytest.mark.parametrize("failure", [StoreUnavailable(), RendererUnavailable(), ValueError()])
async def test_nothing_is_left_when_the_bytes_end_early(
    api: Resources, image: Found, darkroom: Darkroom, failure: Exception
) -> None:
    darkroom.broken = failure
    with pytest.raises(type(failure)):
        await ask(api, image)
    await assert_nothing_is_left(api, image)


async def test_an_image_that_is_deleted_meanwhile_leaves_nothing(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.open.clear()
    asking = asyncio.create_task(ask(api, image))
    await darkroom.busy()
    await change_image(api, image.id, deleted_at=clock.now())
    darkroom.open.set()
    with pytest.raises(Problem) as refusal:
        await asking
    assert refusal.value.kind.code == "image-not-found"
    await assert_nothing_is_left(api, image)


async def test_an_image_that_is_erased_meanwhile_leaves_nothing(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    darkroom.open.clear()
    asking = asyncio.create_task(ask(api, image))
    await darkroom.busy()
    async with begin(api) as work:
        await images.erase(work.connection, image.id)
    darkroom.open.set()
    with pytest.raises(Problem) as refusal:
        await asking
    assert refusal.value.kind.code == "image-not-found"
    await assert_nothing_is_left(api, image)


async def test_of_an_image_that_is_gone_nothing_is_begun(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    await change_image(api, image.id, deleted_at=clock.now())
    await refused("image-not-found", api, image)
    assert not darkroom.jobs


async def test_a_limit_counts_what_is_made_for_an_account_and_nothing_else(
    api: Resources, image: Found, darkroom: Darkroom, photograph: bytes
) -> None:
    limited = replace(api, rates=Rates({"render": "2/hour"}))
    other = await an_image(limited, photograph, "bob")
    for width in (1, 1, 1, 2, 2, 1):
        await ask(limited, image, Transformation(width=width, format="webp"))
    problem = await refused("too-many-requests", limited, image)
    assert 3590 < int(problem.headers["Retry-After"]) <= 3600
    assert problem.headers["RateLimit-Policy"] == '"render";q=2;w=3600'
    assert problem.headers["RateLimit"].startswith('"render";r=0;t=')
    assert {row.fingerprint for row in await the_renderings(api)}.isdisjoint({WANTED.fingerprint()})
    taken = (await ask(limited, other)).taken
    assert taken is not None
    assert taken.headers()["RateLimit"] == '"render";r=1;t=3600'


async def test_requests_that_come_together_pass_no_limit(
    api: Resources, image: Found, darkroom: Darkroom
) -> None:
    limited = replace(api, rates=Rates({"render": "2/hour"}))
    widths = [Transformation(width=n, format="webp") for n in range(1, 9)]
    asking = (ask(limited, image, wanted) for wanted in widths)
    results = await asyncio.gather(*asking, return_exceptions=True)
    refusals = [r for r in results if isinstance(r, Problem)]
    assert len(refusals) == len(widths) - 2
    assert len(darkroom.jobs) == len(await the_renderings(api)) == 2

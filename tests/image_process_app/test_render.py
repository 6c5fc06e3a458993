"""Pictures for clients that wait."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from safelight.backends.objects import Objects
from safelight.backends.rendering import Rendered, Renderer, RendererBusy, RenderRefused
from safelight.contract import keys
from safelight.contract.messages import Job, WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.render import CHUNK, PoolRenderer
from tests.image_process_app.test_pool import a_pool
from tests.image_process_app.test_process import ACCOUNT, IMAGE, given, stored
from tests.journeys import pictures


def wanting(job: Job, **options: object) -> Job:
    wanted = WantedVariant(name="it", transformation=Transformation.model_validate(options))
    return job.model_copy(update={"variants": [wanted]})


async def content(rendered: Rendered) -> bytes:
    return b"".join([chunk async for chunk in rendered.chunks])


async def test_a_picture_is_rendered_and_nothing_is_stored(
    objects: Objects, pool: DecoderPool
) -> None:
    job = wanting(await given(objects, pictures.jpeg()), width=100, format="png")
    renderer: Renderer = PoolRenderer(objects, pool, at_most=2)
    async with renderer.rendered(job) as rendered:
        data = await content(rendered)
    assert (rendered.content_type, rendered.size) == ("image/png", len(data))
    assert pictures.opened(data).size == (rendered.width, rendered.height) == (100, 67)
    assert not await stored(objects)
    await renderer.close()


async def test_a_large_result_comes_in_chunks(objects: Objects, pool: DecoderPool) -> None:
    job = wanting(await given(objects, pictures.jpeg((900, 600))), format="tiff")
    async with PoolRenderer(objects, pool, at_most=1).rendered(job) as rendered:
        chunks = [len(chunk) async for chunk in rendered.chunks]
    assert len(chunks) > 1
    assert max(chunks) <= CHUNK
    assert sum(chunks) == rendered.size


@pytest.mark.parametrize(
    ("picture", "options", "code"),
    [
        (pictures.jpeg()[:5000], {"width": 10}, "corrupt-image"),
        (pictures.jpeg(), {"crop": [9000, 0, 10, 10]}, "crop-outside"),
        (pictures.jpeg(), {"max_bytes": 1024, "format": "png"}, "too-many-bytes"),
    ],
)
async def test_what_can_never_be_made_is_refused_with_its_reason(
    objects: Objects, pool: DecoderPool, picture: bytes, options: dict[str, object], code: str
) -> None:
    job = wanting(await given(objects, picture), **options)
    renderer = PoolRenderer(objects, pool, at_most=1)
    for _ in range(2):  # and its place is free again
        with pytest.raises(RenderRefused) as refusal:
            async with renderer.rendered(job):
                pass
        assert refusal.value.fault.code == code


async def test_a_picture_whose_file_is_gone_is_refused(objects: Objects, pool: DecoderPool) -> None:
    job = wanting(await given(objects, pictures.jpeg()), width=10)
    await objects.delete(keys.original(ACCOUNT, IMAGE))
    with pytest.raises(RenderRefused) as refusal:
        async with PoolRenderer(objects, pool, at_most=1).rendered(job):
            pass
    assert refusal.value.fault.code == "original-missing"


async def test_whoever_comes_when_too_many_wait_is_told_so(objects: Objects) -> None:
    job = wanting(await given(objects, pictures.jpeg()), width=50)
    async with a_pool(children=1) as (pool, _):
        renderer = PoolRenderer(objects, pool, at_most=2)
        async with pool.child():
            waiting = [asyncio.create_task(_size(renderer, job)) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(RendererBusy):
                await _size(renderer, job)
            waiting[0].cancel()
            await asyncio.gather(waiting[0], return_exceptions=True)
            waiting[0] = asyncio.create_task(_size(renderer, job))  # in the place of who gave up
            await asyncio.sleep(0)
            with pytest.raises(RendererBusy):
                await _size(renderer, job)
        assert min(await asyncio.gather(*waiting)) > 0
        assert await _size(renderer, job) > 0


async def _size(renderer: PoolRenderer, job: Job) -> int:
    async with renderer.rendered(job) as rendered:
        return rendered.size


async def test_a_client_goes_ahead_of_jobs_and_jobs_get_their_turn(objects: Objects) -> None:
    job = wanting(await given(objects, pictures.jpeg()), width=50)
    order: list[str] = []
    async with a_pool(children=1) as (pool, _):
        renderer = PoolRenderer(objects, pool, at_most=5)

        async def client() -> None:
            await _size(renderer, job)
            order.append("client")

        async def other() -> None:
            async with pool.child():
                order.append("job")

        async with AsyncExitStack() as busy:
            await busy.enter_async_context(pool.child())
            tasks = [asyncio.create_task(work()) for work in (other, other, client, client)]
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)
    assert order == ["client", "job", "client", "job"]


async def test_a_render_survives_a_child_that_dies(objects: Objects) -> None:
    job = wanting(await given(objects, pictures.jpeg()), width=50)
    async with a_pool(children=1) as (pool, _):
        async with pool.child() as child:
            await child._worker.kill()
        assert await _size(PoolRenderer(objects, pool, at_most=1), job) > 0

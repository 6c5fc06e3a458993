"""Watermarks from message to outcome: the other images come from the object store."""

from collections.abc import AsyncIterator, Sequence
from io import BytesIO

import numpy as np
from PIL import Image

from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Job, MadeVariant, Overlay, WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.decoder.protocol import MOST_OVERLAYS
from safelight.image_process_app.process import process
from tests.image_process_app.test_process import ACCOUNT, IMAGE, given, read
from tests.journeys import pictures

RED = pictures.saved(Image.new("RGB", (40, 30), (255, 0, 0)), "PNG")


def mark(number: int) -> str:
    return f"0190aaaa-0000-7000-8000-0000000001{number:02x}"


async def put(objects: Objects, image_id: str, content: bytes) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    await objects.put(keys.original(ACCOUNT, image_id), chunks())


async def a_job(objects: Objects, marks: Sequence[int], **options: object) -> Job:
    """A black picture with a variant for each mark, and one without."""
    job = await given(objects, pictures.saved(Image.new("RGB", (160, 120)), "PNG"), "image/png")
    variants = [
        WantedVariant(
            name=f"marked-{number}",
            transformation=Transformation.model_validate(
                {"format": "png", "watermark": {"image_id": mark(number)}, **options}
            ),
        )
        for number in marks
    ]
    variants.append(WantedVariant(name="plain", transformation=Transformation(format="png")))
    overlays = [Overlay(image_id=mark(number), content_type="image/png") for number in set(marks)]
    return job.model_copy(update={"variants": variants, "overlays": overlays})


async def made(job: Job, objects: Objects, pool: DecoderPool) -> dict[str, MadeVariant]:
    outcome = await process(job, objects, pool)
    assert outcome.error is None
    return {variant.name: variant for variant in outcome.variants}


async def test_an_image_of_the_account_is_laid_over_another(
    objects: Objects, pool: DecoderPool
) -> None:
    job = await a_job(objects, [1])
    await put(objects, mark(1), RED)
    variants = await made(job, objects, pool)
    key = keys.variant(ACCOUNT, IMAGE, variants["marked-1"].fingerprint, job.sha256)
    pixels = np.asarray(Image.open(BytesIO(await read(objects, key))).convert("RGB"))
    assert (pixels[90:, 120:] == (255, 0, 0)).all()
    assert pixels.sum() == 40 * 30 * 255


async def test_a_watermark_that_is_gone_or_no_picture_costs_its_own_variants_alone(
    objects: Objects, pool: DecoderPool
) -> None:
    job = await a_job(objects, [1, 2, 3])
    await put(objects, mark(1), RED)
    await put(objects, mark(2), b"no picture")
    codes = {name: v.error and v.error.code for name, v in (await made(job, objects, pool)).items()}
    assert codes == {
        "marked-1": None,
        "marked-2": "watermark-unusable",
        "marked-3": "watermark-missing",
        "plain": None,
    }


async def test_a_watermark_that_the_job_does_not_name_is_missing(
    objects: Objects, pool: DecoderPool
) -> None:
    job = await a_job(objects, [1])
    await put(objects, mark(1), RED)
    variants = await made(job.model_copy(update={"overlays": []}), objects, pool)
    assert variants["marked-1"].error
    assert variants["marked-1"].error.code == "watermark-missing"


async def test_as_many_watermarks_as_fit_are_made_and_the_rest_are_told_of(
    objects: Objects, pool: DecoderPool
) -> None:
    numbers = range(MOST_OVERLAYS + 2)
    job = await a_job(objects, numbers)
    for number in numbers:
        await put(objects, mark(number), RED)
    variants = await made(job, objects, pool)
    assert len(variants) == len(job.variants)
    failed = {name: v.error.code for name, v in variants.items() if v.error}
    assert failed == {
        f"marked-{MOST_OVERLAYS}": "too-many-watermarks",
        f"marked-{MOST_OVERLAYS + 1}": "too-many-watermarks",
    }


async def test_a_text_is_drawn_in_the_child_with_nothing_of_the_system(
    objects: Objects, pool: DecoderPool
) -> None:
    job = await a_job(objects, [])
    texts = ["Proof", "Проба", "東京", "北京"]
    variants = [
        WantedVariant(
            name=text,
            transformation=Transformation.model_validate(
                {"format": "png", "watermark": {"text": text, "scale": 1}}
            ),
        )
        for text in texts
    ]
    job = job.model_copy(update={"variants": variants})
    results = await made(job, objects, pool)
    contents = [
        await read(objects, keys.variant(ACCOUNT, IMAGE, results[text].fingerprint, job.sha256))
        for text in texts
    ]
    assert len(set(contents)) == len(texts)
    assert all(np.asarray(Image.open(BytesIO(content))).max() == 255 for content in contents)

"""What is too much within the range of every option fails alone, and says why."""

import pyvips
from PIL import Image

from safelight.backends.memory_file import memory_file
from safelight.contract.messages import Overlay, WantedVariant
from safelight.contract.transformations import Transformation
from safelight.contract.watermarks import Watermark
from safelight.image_process_app.decoder.pool import DecoderPool
from tests.image_process_app.conftest import Held
from tests.journeys import pictures

MARKS = [f"0190aaaa-0000-7000-8000-00000000000{number}" for number in range(7)]


async def faults(
    pool: DecoderPool, source: int, content_type: str, *wanted: Transformation, marks: int = 0
) -> list[str | None]:
    """Why each could not be made, None where it was; `marks` is the file of every overlay."""
    variants = [WantedVariant(name=str(n), transformation=t) for n, t in enumerate(wanted)]
    overlays = [(Overlay(image_id=mark, content_type="image/jpeg"), marks) for mark in MARKS]
    with memory_file("variants") as target:
        async with pool.child() as child:
            made, _ = await child.decode(
                content_type, variants, source, target, overlays if marks else []
            )
    found = {variant.name: variant.error.detail if variant.error else None for variant in made}
    return [found[variant.name] for variant in variants]


async def test_large_watermarks_do_not_take_the_memory_of_each_other(
    held: Held, pool: DecoderPool
) -> None:
    mark = held(pyvips.Image.black(7000, 7000, bands=3).jpegsave_buffer())
    wanted = [Transformation(watermark=Watermark(image_id=mark)) for mark in MARKS]
    assert not any(await faults(pool, held(pictures.jpeg()), "image/jpeg", *wanted, marks=mark))


async def test_an_animation_that_gets_too_large_over_all_frames_fails_alone(
    held: Held, pool: DecoderPool
) -> None:
    first, *rest = [Image.new("RGB", (30, 30), (level, 0, 0)) for level in range(0, 240, 4)]
    content = pictures.saved(first, "GIF", save_all=True, append_images=rest, duration=40)
    large = {"width": 2000, "height": 2000, "fit": "contain"}
    found = await faults(
        pool,
        held(content),
        "image/gif",
        Transformation.model_validate(large),
        Transformation.model_validate(large | {"animated": False}),
        Transformation(pad=(9, 9, 9, 9)),
    )
    assert found == [
        "resize makes 60 frames of 2000 x 2000 pixels; at most 100000000 pixels over all frames "
        "are made.",
        None,
        None,
    ]


async def test_a_webp_longer_than_the_format_allows_says_so(held: Held, pool: DecoderPool) -> None:
    content = pyvips.Image.black(16384, 4, bands=3).jpegsave_buffer()
    wanted = Transformation(format="webp"), Transformation(format="png")
    assert await faults(pool, held(content), "image/jpeg", *wanted) == [
        "A WebP has at most 16383 pixels a side, this would have 16384: choose another format.",
        None,
    ]

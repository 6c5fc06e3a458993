"""A WebP, which libvips decodes as a whole, as large as the limits allow."""

import pytest
import pyvips

from safelight.backends.memory_file import memory_file
from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder.pool import DecoderPool
from tests.image_process_app.conftest import Held

WANTED = [WantedVariant(name="it", transformation=Transformation(width=90, format="webp"))]


def still() -> bytes:
    return bytes(pyvips.Image.black(8000, 6000, bands=3).webpsave_buffer(effort=0))


def animation() -> bytes:
    side, levels = 3500, range(0, 240, 30)
    frames = [(pyvips.Image.black(side, side, bands=4) + n).cast("uchar") for n in levels]
    roll = pyvips.Image.arrayjoin(frames, across=1).copy(interpretation="srgb")
    roll.set_type(pyvips.GValue.gint_type, "page-height", side)
    return bytes(roll.webpsave_buffer(effort=0))


@pytest.mark.parametrize("content", [still, animation])
async def test_a_large_webp_is_decoded_in_memory_and_not_taken_for_damaged(
    held: Held, pool: DecoderPool, content: object
) -> None:
    assert callable(content)
    source = held(content())
    with memory_file("variants") as target:
        async with pool.child() as child:
            made, description = await child.decode("image/webp", WANTED, source, target)
    assert [variant.error for variant in made] == [None]
    assert description
    assert description.frames == (8 if content is animation else 1)

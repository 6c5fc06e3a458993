"""What a decoder child keeps of the pictures that it has opened."""

import ctypes

import numpy as np
import psutil
import pytest
import pyvips

from safelight.backends.memory_file import memory_file
from tests.image_process_app.conftest import Held
from tests.image_process_app.test_pool import WANTED, a_pool, until
from tests.journeys import pictures

MIB = 1 << 20
SIDES = (300, 240)
FRAMES = 100
KEPT = 16 * MIB
"""More than what libraries load for their first picture; far less than what was kept of
this film."""

trims = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library can give nothing back"
)


def film() -> bytes:
    """A GIF with many frames that differ."""
    sides = SIDES[0] + FRAMES, SIDES[1]
    picture = pyvips.Image.new_from_array(np.asarray(pictures.photograph(sides)))
    roll = pyvips.Image.arrayjoin([picture.crop(n, 0, *SIDES) for n in range(FRAMES)], across=1)
    roll = roll.copy()
    roll.set_type(pyvips.GValue.gint_type, "page-height", SIDES[1])
    return bytes(roll.gifsave_buffer(effort=1))


@trims
async def test_a_child_gives_back_the_memory_that_a_picture_took(held: Held) -> None:
    async with a_pool() as (pool, (pid,)):
        process = psutil.Process(pid)
        before = process.memory_info().rss
        source = held(film())
        for _ in range(2):
            with memory_file("variants") as target:
                async with pool.child() as child:
                    await child.decode("image/gif", WANTED[:1], source, target)
        await until(lambda: process.memory_info().rss < before + KEPT)

"""The same picture gives the same bytes, whoever opened what before: no memory shines through."""

import os

import pytest

from safelight.backends.memory_file import memory_file
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.limits import Rejected
from tests.image_process_app.conftest import Held
from tests.image_process_app.test_pool import WANTED, a_pool
from tests.journeys import pictures

TIMES = 5


def window() -> bytes:
    """A GIF whose one frame covers a corner of its screen and ends early: the rest is for the
    decoder to fill.
    """
    screen = b"GIF89a\x40\0\x40\0\x80\0\0\xff\0\0\0\0\xff"
    return screen + b"\x2c\0\0\0\0\x04\0\x04\0\0\x02\x02\x44\x01\0;"


KINDS = {
    **pictures.KINDS,
    "film as GIF": ("image/gif", lambda: pictures.animation("GIF")),
    "film as WebP": ("image/webp", lambda: pictures.animation("WEBP")),
    "window": ("image/gif", window),
    "clear PNG": ("image/png", pictures.alpha_png),
}


async def opened(pool: DecoderPool, content_type: str, source: int) -> bytes:
    """All variants one behind the other, or why there are none."""
    with memory_file("variants") as target:
        try:
            async with pool.child() as child:
                await child.decode(content_type, WANTED, source, target)
        except Rejected as refusal:
            return refusal.code.encode()
        return os.pread(target, os.fstat(target).st_size, 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_picture_gives_the_same_bytes_in_a_fresh_child_and_in_a_used_one(
    held: Held, pool: DecoderPool, kind: str
) -> None:
    content_type, make = KINDS[kind]
    source, other = held(make()), held(pictures.jpeg((700, 500)))
    found = set()
    for _ in range(TIMES):
        found.add(await opened(pool, content_type, source))
        await opened(pool, "image/jpeg", other)
    async with a_pool() as (fresh, _):
        found.add(await opened(fresh, content_type, source))
    assert len(found) == 1
    assert found != {b""}

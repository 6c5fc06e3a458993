"""A put that is cancelled has an end, and after it nothing more happens."""

import asyncio
import threading
from pathlib import Path

import pytest

from safelight.backends.finished import finished
from safelight.backends.objects import STAGING, Objects
from tests.backends.given import content, everything, in_chunks

MOMENTS = 60
STEP = 0.0002
SIZE = 3 << 20


async def test_whenever_a_put_is_cancelled_it_leaves_what_it_then_has_left(
    objects: Objects, objects_folder: Path
) -> None:
    ends = set()
    for moment in range(MOMENTS):
        put = asyncio.create_task(objects.put("a/b", in_chunks(content(SIZE))))
        await asyncio.sleep(moment * STEP)
        put.cancel()
        await asyncio.wait([put])
        left = await everything(objects)
        await asyncio.sleep(0.005)
        assert await everything(objects) == left
        assert left in ({}, {"a/b": SIZE})
        if (objects_folder / STAGING).exists():
            assert list((objects_folder / STAGING).iterdir()) == []
        ends.add(len(left))
        await objects.delete("a/b")
    assert 0 in ends


async def test_whoever_cancels_waits_for_the_end_of_what_can_not_be_stopped() -> None:
    go_on, done = threading.Event(), []

    def work() -> None:
        go_on.wait(60)
        done.append(1)

    waiting = asyncio.create_task(finished(asyncio.to_thread(work)))
    await asyncio.sleep(0.01)
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0.01)
        assert not waiting.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done == [1]


async def test_what_is_not_cancelled_gives_its_result_or_raises() -> None:
    assert await finished(asyncio.to_thread(int, "3")) == 3
    with pytest.raises(ValueError, match="invalid literal"):
        await finished(asyncio.to_thread(int, "three"))

"""Who gets the next free child."""

import asyncio

import pytest

from safelight.image_process_app.decoder.lanes import Lanes


async def _waiting(lanes: Lanes[int], order: list[str], name: str, urgent: bool) -> None:
    await lanes.take(urgent)
    order.append(name)


async def test_the_urgent_go_first_and_every_second_is_another() -> None:
    lanes, order = Lanes[int](), list[str]()
    async with asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(_waiting(lanes, order, f"job {number}", urgent=False))
        for number in range(4):
            tasks.create_task(_waiting(lanes, order, f"client {number}", urgent=True))
        await asyncio.sleep(0)
        for number in range(7):
            lanes.give(number)
    assert order == ["client 0", "job 0", "client 1", "job 1", "client 2", "job 2", "client 3"]


async def test_what_is_free_is_taken_at_once() -> None:
    lanes = Lanes[int]()
    lanes.give(1)
    lanes.give(2)
    assert [await lanes.take(), await lanes.take(urgent=True)] == [1, 2]


@pytest.mark.parametrize("urgent", [False, True])
async def test_who_gives_up_waiting_keeps_nothing(urgent: bool) -> None:
    lanes = Lanes[int]()
    given_up, too_late = (asyncio.create_task(lanes.take(urgent)) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.sleep(0)
    lanes.give(7)  # goes to `too_late`, which is cancelled before it can run
    too_late.cancel()
    await asyncio.gather(given_up, too_late, return_exceptions=True)
    assert await asyncio.wait_for(lanes.take(), 1) == 7

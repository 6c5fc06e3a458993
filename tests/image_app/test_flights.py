"""Equal work that is wanted at the same moment is done once."""

import asyncio

import pytest

from safelight.image_app.flights import Flights


class Work:
    """Counts how often it was done."""

    def __init__(self) -> None:
        self.times = 0
        self.ended = 0
        self.go_on = asyncio.Event()

    async def do(self) -> int:
        self.times += 1
        try:
            await self.go_on.wait()
        finally:
            self.ended += 1
        return self.times

    async def fail(self) -> int:
        await self.do()
        raise ValueError("on the way")


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def flights() -> Flights[str, int]:
    return Flights()


async def test_all_who_wait_get_the_same(flights: Flights[str, int], work: Work) -> None:
    waiting = [asyncio.create_task(flights.once("a", work.do)) for _ in range(9)]
    await asyncio.sleep(0)
    work.go_on.set()
    assert await asyncio.gather(*waiting) == [1] * 9
    assert await flights.once("a", work.do) == 2


async def test_a_failure_is_everybodys_and_the_next_one_begins_anew(
    flights: Flights[str, int], work: Work
) -> None:
    waiting = [asyncio.create_task(flights.once("a", work.fail)) for _ in range(3)]
    await asyncio.sleep(0)
    work.go_on.set()
    assert {type(r) for r in await asyncio.gather(*waiting, return_exceptions=True)} == {ValueError}
    assert await flights.once("a", work.do) == 2


async def test_the_end_waits_for_what_is_under_way(flights: Flights[str, int], work: Work) -> None:
    waiting = asyncio.create_task(flights.once("a", work.do))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.05, work.go_on.set)
    await flights.end(60)
    assert await waiting == 1


async def test_the_end_does_not_wait_for_ever(flights: Flights[str, int], work: Work) -> None:
    waiting = asyncio.create_task(flights.once("a", work.do))
    await asyncio.sleep(0)
    await flights.end(0.01)
    assert work.ended == 1
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_without_anything_under_way_the_end_is_at_once(flights: Flights[str, int]) -> None:
    await flights.end(60)

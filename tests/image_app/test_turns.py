"""Turns: so many at once, and no account has them all."""

import asyncio

import pytest

from safelight.image_app import errors
from safelight.image_app.errors import Problem
from safelight.image_app.turns import Turns


class Crowd:
    """Those who have a turn, until they are sent away."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._over = asyncio.Event()
        self.having: list[str] = []
        self.most = 0

    async def come(self, who: str) -> None:
        async with self._turns.turn(who):
            self.having.append(who)
            self.most = max(self.most, len(self.having))
            await self._over.wait()
            self.having.remove(who)

    def go(self) -> None:
        self._over.set()


async def refusals(tries: list[asyncio.Task[None]]) -> list[errors.Kind]:
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(end, Problem) and end.headers["Retry-After"] for end in ends if end)
    return [end.kind for end in ends if isinstance(end, Problem)]


@pytest.fixture
def crowd() -> Crowd:
    return Crowd(Turns(8, patience=0.05))


async def test_an_account_has_a_quarter_of_the_turns_and_others_have_theirs(crowd: Crowd) -> None:
    anns = [asyncio.create_task(crowd.come("ann")) for _ in range(5)]
    await asyncio.sleep(0)
    bob = asyncio.create_task(crowd.come("bob"))
    await asyncio.sleep(0.1)
    assert sorted(crowd.having) == ["ann", "ann", "bob"]
    crowd.go()
    assert await refusals([*anns, bob]) == [errors.TOO_MANY_REQUESTS] * 3


async def test_all_together_have_no_more_turns_than_there_are(crowd: Crowd) -> None:
    tries = [asyncio.create_task(crowd.come(f"user-{n}")) for n in range(12)]
    await asyncio.sleep(0)  # their patience begins before ours
    await asyncio.sleep(0.1)
    crowd.go()
    assert await refusals(tries) == [errors.SERVICE_UNAVAILABLE] * 4
    assert crowd.most == 8


async def test_whoever_waits_gets_the_turn_of_one_who_goes() -> None:
    crowd = Crowd(Turns(1, patience=30))
    tries = [asyncio.create_task(crowd.come("ann")) for _ in range(20)]
    await asyncio.sleep(0)
    crowd.go()
    assert await refusals(tries) == []
    assert crowd.most == 1


async def test_one_who_gives_up_waiting_takes_no_turn_along() -> None:
    turns = Turns(1, patience=30)
    crowd = Crowd(turns)
    having = asyncio.create_task(crowd.come("ann"))
    waiting = asyncio.create_task(crowd.come("bob"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    crowd.go()
    await having
    async with asyncio.timeout(1), turns.turn("bob"):
        pass

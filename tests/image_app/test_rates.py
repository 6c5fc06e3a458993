"""How often somebody may do something, counted here or by all who share a Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from safelight.image_app.rates import AWAY_SECONDS, Rates, times
from tests.servers import Valkey

LIMITS = {"render": "3/hour", "login": "2/minute;3/hour", "fast": "2/second"}
PATIENCE = 10.0
"""A server that others keep busy is not away."""


@pytest.fixture(params=["here", "redis"])
async def rates(request: pytest.FixtureRequest) -> AsyncIterator[Rates]:
    url = "mem://"
    if request.param == "redis":
        valkey: Valkey = request.getfixturevalue("valkey")
        url = valkey.create()
    rates = Rates(LIMITS, url, PATIENCE)
    yield rates
    await rates.close()


async def test_so_many_are_allowed_and_no_more(rates: Rates) -> None:
    taken = [await rates.take("render", "ann") for _ in range(5)]
    assert [t.allowed for t in taken] == [True, True, True, False, False]
    assert [t.rates[0].left for t in taken] == [2, 1, 0, 0, 0]
    assert (await rates.take("render", "bob")).allowed
    assert (await rates.take("login", "ann")).allowed


async def test_looking_counts_nothing(rates: Rates) -> None:
    for _ in range(9):
        assert (await rates.look("render", "ann")).allowed
    for _ in range(3):
        await rates.take("render", "ann")
    assert not (await rates.look("render", "ann")).allowed


async def test_those_who_come_together_are_counted_one_by_one(rates: Rates) -> None:
    taken = await asyncio.gather(*(rates.take("render", "ann") for _ in range(20)))
    assert sum(t.allowed for t in taken) == 3


async def test_several_limits_hold_at_once(rates: Rates) -> None:
    taken = [await rates.take("login", "ann") for _ in range(3)]
    assert [t.allowed for t in taken] == [True, True, False]
    assert [(r.name, r.most, r.window) for r in taken[0].rates] == [
        ("login-60s", 2, 60),
        ("login-3600s", 3, 3600),
    ]


async def test_a_refusal_says_when_to_come_back(rates: Rates) -> None:
    for _ in range(3):
        taken = await rates.take("render", "ann")
    problem = (await rates.take("render", "ann")).refusal()
    assert problem.kind.status == 429
    assert 3590 <= int(problem.headers["Retry-After"]) <= 3600
    assert problem.headers["RateLimit-Policy"] == '"render";q=3;w=3600'
    assert problem.headers["RateLimit"] == f'"render";r=0;t={problem.headers["Retry-After"]}'
    assert taken.headers()["RateLimit"].startswith('"render";r=0;t=')


async def test_time_heals(rates: Rates) -> None:
    while (taken := await rates.take("fast", "ann")).allowed:
        pass
    await asyncio.sleep(int(taken.refusal().headers["Retry-After"]) + 0.1)
    assert (await rates.take("fast", "ann")).allowed


async def test_processes_that_share_a_redis_count_together(valkey: Valkey) -> None:
    url = valkey.create()
    pair = Rates(LIMITS, url, PATIENCE), Rates(LIMITS, url, PATIENCE)
    taken = [await pair[n % 2].take("render", "ann") for n in range(5)]
    assert [t.allowed for t in taken] == [True, True, True, False, False]
    for rates in pair:
        await rates.close()


async def test_without_its_redis_a_process_counts_by_itself(own_valkey: Valkey) -> None:
    rates = Rates(LIMITS, own_valkey.create(), PATIENCE)
    await rates.take("render", "ann")
    own_valkey.kill()
    taken = [await rates.take("render", "ann") for _ in range(4)]
    assert [t.allowed for t in taken] == [True, True, True, False]
    own_valkey.start()
    await asyncio.sleep(AWAY_SECONDS)
    assert (await rates.take("render", "bob")).allowed
    await rates.close()


async def test_a_redis_that_hangs_holds_nobody_up_for_long(own_valkey: Valkey) -> None:
    rates = Rates(LIMITS, own_valkey.create())
    await rates.take("render", "ann")
    own_valkey.pause()
    async with asyncio.timeout(60):  # were each of them held up, it would be longer than that
        for _ in range(1000):
            assert (await rates.take("render", "ann")).rates
    await rates.close()


@pytest.mark.parametrize("text", ["", "ten/second", "10/fortnight", "10"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Rates({"render": text})


@pytest.mark.parametrize(
    ("limit", "sixfold"),
    [("10/minute", 60), ("1/2 hours", 6), ("100 per day", 600), ("3/second;9/minute", 18)],
)
async def test_a_multiple_of_a_limit_has_its_window(limit: str, sixfold: int) -> None:
    once, more = Rates({"x": limit}), Rates({"x": times(limit, 6)})
    was, now = (await once.look("x", "ann")).rates, (await more.look("x", "ann")).rates
    assert [rate.window for rate in was] == [rate.window for rate in now]
    assert now[0].most == sixfold

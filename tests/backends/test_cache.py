"""Cached answers: one suite for every kind, and what only a server can do to its users."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from statistics import median

import pytest
from redis.asyncio import Redis

from safelight.backends.cache import Cache, NoCache, redis, started
from safelight.backends.cache.memory import OVERHEAD, MemoryCache
from safelight.backends.cache.redis import TOUCH_SECONDS, RedisCache
from tests.servers import Valkey

QUESTION = "list:50:"


@pytest.fixture(params=["mem", "redis"])
async def cache(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Cache]:
    kind: Cache = MemoryCache()
    if request.param == "redis":
        # The server stays, so a slow moment of a busy machine is nothing that it is lost for.
        monkeypatch.setattr(redis, "ANSWER_SECONDS", 30.0)
        monkeypatch.setattr(redis, "TOUCH_SECONDS", 30.0)
        valkey: Valkey = request.getfixturevalue("valkey")
        kind = RedisCache(valkey.create())
    async with started(kind):
        yield kind


@pytest.fixture
async def pair(own_valkey: Valkey) -> AsyncIterator[tuple[RedisCache, RedisCache]]:
    """Two processes' caches in one own_valkey."""
    url = own_valkey.create()
    async with started(RedisCache(url)) as one, started(RedisCache(url)) as other:
        assert isinstance(one, RedisCache)
        assert isinstance(other, RedisCache)
        yield one, other


async def remember(cache: Cache, body: bytes, scope: str = "ann", question: str = QUESTION) -> None:
    _, ticket = await cache.get(scope, question)
    await cache.keep(scope, question, ticket, body)


async def known(cache: Cache, scope: str = "ann", question: str = QUESTION) -> bytes | None:
    return (await cache.get(scope, question)).body


async def write(cache: Cache, scope: str = "ann") -> None:
    await cache.release(scope, await cache.hold(scope))


async def until_up(*caches: RedisCache) -> None:
    async with asyncio.timeout(60):
        while not all(cache.is_up() for cache in caches):
            await asyncio.sleep(0.02)


async def kept(writer: RedisCache, reader: RedisCache, body: bytes) -> None:
    """Keep an answer until it is read, since a slow moment of a busy machine costs it."""
    async with asyncio.timeout(60):
        await until_up(writer, reader)
        await remember(writer, body)
        while await known(reader) != body:
            await until_up(writer, reader)
            await remember(writer, body)


async def test_an_answer_is_kept_for_its_scope_and_question_alone(cache: Cache) -> None:
    await remember(cache, b"\xff any bytes \0")
    assert await known(cache) == b"\xff any bytes \0"
    assert await known(cache, question="list:51:") is None
    assert await known(cache, scope="bob") is None


async def test_an_empty_answer_is_an_answer(cache: Cache) -> None:
    await remember(cache, b"")
    assert await known(cache) == b""


async def test_a_write_drops_every_answer_of_its_scope_and_of_no_other(cache: Cache) -> None:
    for scope in ("ann", "bob"):
        await remember(cache, b"old", scope)
    await write(cache)
    assert await known(cache) is None
    assert await known(cache, "bob") == b"old"


async def test_an_answer_made_while_somebody_writes_is_never_read(cache: Cache) -> None:
    _, ticket = await cache.get("ann", QUESTION)
    await write(cache)
    await cache.keep("ann", QUESTION, ticket, b"from before the write")
    assert await known(cache) is None


async def test_after_a_write_answers_are_kept_again(cache: Cache) -> None:
    await write(cache)
    await remember(cache, b"new")
    assert await known(cache) == b"new"


async def test_a_small_cache_in_memory_forgets_and_never_confuses() -> None:
    cache = MemoryCache(size=10 * OVERHEAD, scopes=5)
    for number in range(200):
        await remember(cache, str(number).encode(), f"scope {number % 10}")
        for scope in range(10):
            assert await known(cache, f"scope {scope}") in {None} | {
                str(n).encode() for n in range(scope, 200, 10)
            }
    await remember(cache, b"x" * 10 * OVERHEAD)
    assert await known(cache) is None


async def test_no_cache_knows_nothing() -> None:
    async with started(NoCache()) as cache:
        await remember(cache, b"body")
        assert await known(cache) is None
        await write(cache)


async def test_a_write_is_seen_by_every_process(pair: tuple[RedisCache, RedisCache]) -> None:
    one, other = pair
    await kept(one, other, b"old")
    await write(one)
    assert await known(other) is None


async def test_nothing_is_served_or_kept_while_a_write_may_be_half_done(
    pair: tuple[RedisCache, RedisCache],
) -> None:
    one, other = pair
    await remember(one, b"old")
    first, second = await one.hold("ann"), await other.hold("ann")
    await one.release("ann", first)
    await remember(other, b"from before the second write")
    assert await known(other) is None
    await other.release("ann", second)
    await kept(other, one, b"new")


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.6, 2.0])
async def test_a_server_that_comes_back_remembers_nothing_of_before(
    own_valkey: Valkey, pair: tuple[RedisCache, RedisCache], seconds: float
) -> None:
    one, other = pair
    await remember(one, b"old")
    own_valkey.kill()
    await write(one)
    await asyncio.sleep(seconds)
    own_valkey.start()
    for _ in range(20):
        assert await known(other) is None
        assert await known(one) is None
        await asyncio.sleep(0.02)
    await kept(one, other, b"new")


@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.5])
async def test_a_server_that_was_frozen_serves_nothing_that_was_written_over(
    own_valkey: Valkey, pair: tuple[RedisCache, RedisCache], seconds: float
) -> None:
    one, other = pair
    await remember(one, b"old")
    own_valkey.pause()
    await write(one)
    await asyncio.sleep(seconds)
    own_valkey.resume()
    for _ in range(20):
        assert await known(other) is None
        await asyncio.sleep(0.02)
    await until_up(one, other)


async def test_a_write_is_told_to_a_server_that_others_have_found_before(
    own_valkey: Valkey,
) -> None:
    url = own_valkey.create()
    writer = RedisCache(url)
    async with started(RedisCache(url)) as reader:
        hold = await writer.hold("ann")
        await remember(reader, b"from before the commit")
        await writer.release("ann", hold)
        assert await known(reader) is None
        async with asyncio.timeout(60):
            while await known(writer) != b"new":
                await write(writer)  # which looks for the server, should it be lost
                await remember(reader, b"new")
    await writer.stop()


@pytest.mark.parametrize("stall", [0.0, 1.2 * TOUCH_SECONDS])
async def test_a_write_that_finds_out_only_afterwards_that_the_server_was_restarted(
    own_valkey: Valkey, stall: float
) -> None:
    """Also one whose process stood still meanwhile, and so has not used its connection since."""
    url = own_valkey.create()
    async with started(RedisCache(url)) as writer:
        hold = await writer.hold("ann")
        own_valkey.kill()
        own_valkey.start()
        time.sleep(stall)  # noqa: ASYNC251 # the whole process stands still
        async with started(RedisCache(url)) as reader:
            await remember(reader, b"from before the commit")
            await writer.release("ann", hold)
            assert await known(reader) is None


@pytest.mark.parametrize(("how", "share"), [("kill", 0.1), ("pause", 0.5)])
async def test_without_the_server_a_write_waits_once_and_then_not_again(
    own_valkey: Valkey, pair: tuple[RedisCache, RedisCache], how: str, share: float
) -> None:
    """Where it is frozen, each write still looks for it, which is far from waiting again."""
    one, _ = pair
    getattr(own_valkey, how)()
    first = await _seconds_of_a_write(one)
    assert first >= TOUCH_SECONDS / 2
    others = [await _seconds_of_a_write(one) for _ in range(7)]
    assert median(others) < first * share
    assert not one.is_up()


async def _seconds_of_a_write(cache: Cache) -> float:
    began = time.monotonic()
    await write(cache)
    return time.monotonic() - began


@pytest.mark.parametrize("foreign", [b"", b"\xff\xfe", b"x" * 1000, None])
@pytest.mark.parametrize("what", ["epoch", "generation", "answer"])
async def test_what_somebody_else_has_written_there_is_no_answer(
    own_valkey: Valkey, what: str, foreign: bytes | None
) -> None:
    """Other bytes under one of its keys, or a list."""
    url = own_valkey.create()
    one, other = RedisCache(url), RedisCache(url)
    async with started(one), started(other), Redis.from_url(url, decode_responses=True) as stranger:
        await kept(one, other, b"whole")
        epoch = str(await stranger.get("safelight:cache:epoch"))
        place = f"safelight:cache:{epoch}:ann"
        generation = str(await stranger.get(place))
        answer = f"{place}:{generation}:{QUESTION}"
        key = {"epoch": "safelight:cache:epoch", "generation": place, "answer": answer}[what]
        assert await stranger.delete(key) == 1
        if foreign is None:
            await stranger.rpush(key, "a list")
        else:
            await stranger.set(key, foreign)
        for cache in (one, other):
            assert await known(cache) in (b"whole", None)
        await write(one)
        await kept(one, other, b"whole again")


async def test_a_cache_that_starts_without_its_server_finds_it_later(own_valkey: Valkey) -> None:
    url = own_valkey.create()
    own_valkey.kill()
    async with started(RedisCache(url)) as cache:
        assert isinstance(cache, RedisCache)
        assert await known(cache) is None
        own_valkey.start()
        await kept(cache, cache, b"new")


async def test_writers_and_readers_who_run_into_each_other_never_read_back(
    pair: tuple[RedisCache, RedisCache],
) -> None:
    """A number that only grows, kept in two caches while both processes count up."""
    truth = 0
    finished = 0

    async def count_up(cache: RedisCache) -> None:
        nonlocal truth, finished
        for _ in range(60):
            hold = await cache.hold("ann")
            truth += 1
            mine = truth
            await asyncio.sleep(random.random() * 0.002)
            await cache.release("ann", hold)
            finished = max(finished, mine)

    async def look(cache: RedisCache) -> None:
        while not writers.done():
            at_least = finished
            body, ticket = await cache.get("ann", QUESTION)
            if body is None:
                seen = truth
                await asyncio.sleep(random.random() * 0.003)
                await cache.keep("ann", QUESTION, ticket, str(seen).encode())
            else:
                assert int(body) >= at_least
            await asyncio.sleep(0)

    writers = asyncio.gather(*(count_up(cache) for cache in pair for _ in range(2)))
    await asyncio.gather(*(look(cache) for cache in pair for _ in range(3)))
    await writers

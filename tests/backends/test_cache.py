"""The cache: one suite for every kind. Another kind is one more parameter."""

from collections.abc import AsyncIterator

import pytest
from cashews import Cache

from safelight.backends.cache import open_cache


@pytest.fixture(params=["mem://"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    cache = open_cache(request.param)
    yield cache
    await cache.close()


async def test_what_was_kept_is_found_until_it_is_replaced_or_deleted(cache: Cache) -> None:
    await cache.set("a", "one", expire=60)
    assert await cache.get("a") == "one"
    await cache.set("a", "two", expire=60)
    assert await cache.get("a") == "two"
    await cache.delete("a")
    assert await cache.get("a") is None


async def test_what_was_never_kept_is_nothing(cache: Cache) -> None:
    assert await cache.get("never") is None


async def test_two_caches_in_one_process_share_nothing(cache: Cache) -> None:
    other = open_cache("mem://")
    await cache.set("a", "one", expire=60)
    assert await other.get("a") is None
    await other.close()

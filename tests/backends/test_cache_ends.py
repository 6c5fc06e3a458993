"""The shared cache takes leave whatever it is saying to its server at that moment."""

import asyncio
from random import Random

from safelight.backends.cache.redis import RedisCache
from tests.servers import Valkey

ENDS = 300
"""Python 3.11 and its client together lose about every hundredth cancellation of a call."""
TURNS = 40
PATIENCE = 30.0


async def test_it_ends_at_any_moment_of_a_call(valkey: Valkey) -> None:
    url, moments = valkey.create(), Random(7)
    for _ in range(ENDS):
        cache = RedisCache(url, beat=0)
        await cache.start()
        for _ in range(moments.randrange(TURNS)):
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            await cache.stop()

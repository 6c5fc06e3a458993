"""How often somebody may do something: limits in the syntax of the `limits` library."""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

from safelight.image_app import errors

ANSWER_SECONDS = 0.1
"""Longest wait for the server: nobody waits for a limit that nobody has reached."""
AWAY_SECONDS = 2.0
"""For so long a server that was away is not asked again."""
PREFIX = "safelight:rates"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rate:
    """How much of one limit is used: `left` of `most` in `window` seconds, and seconds until
    the first of those that were taken counts no more. Where the limit has several parts, their
    windows are in their names.
    """

    name: str
    most: int
    window: int
    left: int
    reset: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether it was allowed, and how the limits then stand."""

    allowed: bool
    rates: tuple[Rate, ...]

    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` as the IETF's draft has them."""
        return {
            "RateLimit": ", ".join(f'"{r.name}";r={r.left};t={r.reset}' for r in self.rates),
            "RateLimit-Policy": ", ".join(
                f'"{r.name}";q={r.most};w={r.window}' for r in self.rates
            ),
        }

    def refusal(self) -> errors.Problem:
        """What to raise when it was not allowed."""
        wait = max((r.reset for r in self.rates if not r.left), default=1)
        problem = errors.TOO_MANY_REQUESTS()
        problem.headers = self.headers() | {"Retry-After": str(max(1, wait))}
        return problem


class Rates:
    """Counts by the name of a limit and by who is counted.

    Processes that share a Redis count together. While it is away each counts for itself, so a
    limit may be passed as many times as there are processes, and nobody is refused for want of it.
    """

    def __init__(
        self, limits: Mapping[str, str], url: str = "", patience: float = ANSWER_SECONDS
    ) -> None:
        """`limits` by name, such as `10/second` or `10/second;200/hour`; raises ValueError.
        A Redis that does not answer within `patience` seconds is away.
        """
        self._limits = {name: parse_many(text) for name, text in limits.items()}
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._pool = _pool(url, patience)
        self._patience = patience
        self._shared = MovingWindowRateLimiter(_storage(self._pool)) if self._pool else None
        self._away_until = 0.0

    async def look(self, name: str, who: str) -> Taken:
        """Whether it would be allowed now; counts nothing."""
        return await self._ask(name, who, False)

    async def take(self, name: str, who: str) -> Taken:
        """Count it, if it is allowed."""
        return await self._ask(name, who, True)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()

    async def _ask(self, name: str, who: str, count: bool) -> Taken:
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(self._patience):
                    taken = await self._taken(self._shared, name, who, count)
            except (RedisError, OSError, TimeoutError) as error:
                if not self._away_until:
                    log.warning("limits are counted here alone", reason=type(error).__name__)
                self._away_until = time.monotonic() + AWAY_SECONDS
            else:
                if self._away_until:
                    log.info("limits are counted together again")
                self._away_until = 0.0
                return taken
        return await self._taken(self._here, name, who, count)

    async def _taken(
        self, limiter: MovingWindowRateLimiter, name: str, who: str, count: bool
    ) -> Taken:
        items = self._limits[name]
        allowed = True
        for item in items:
            ask = limiter.hit if count else limiter.test
            allowed = allowed and await ask(item, name, who)
        rates = [await _rate(limiter, name, who, item) for item in items]
        if len(rates) == 1:
            rates = [replace(rates[0], name=name)]
        return Taken(allowed, tuple(rates))


def times(limit: str, factor: int) -> str:
    """A limit that is so many times as much; raises ValueError."""
    items = parse_many(limit)
    return ";".join(
        f"{item.amount * factor} per {item.multiples} {item.GRANULARITY.name}" for item in items
    )


async def _rate(
    limiter: MovingWindowRateLimiter, limit: str, who: str, item: RateLimitItem
) -> Rate:
    stats = await limiter.get_window_stats(item, limit, who)
    window = item.get_expiry()
    name = f"{limit}-{window}s"
    reset = min(window, max(0, math.ceil(stats.reset_time - time.time())))
    return Rate(name, item.amount, window, stats.remaining, reset)


def _pool(url: str, patience: float) -> ConnectionPool | None:
    """Connections to the Redis at this URL, if it is one; raises ValueError."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return None
    return ConnectionPool.from_url(
        url,
        socket_connect_timeout=patience,
        socket_timeout=patience,
        retry=Retry(NoBackoff(), 0),
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


def _storage(pool: ConnectionPool) -> RedisStorage:
    # What the URL says is in the pool; the library wants to see one all the same.
    options: dict[str, Any] = {"connection_pool": pool, "key_prefix": PREFIX}
    return RedisStorage("async+redis://pool:6379", implementation="redispy", **options)

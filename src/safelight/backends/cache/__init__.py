"""Cached answers: the port, and its adapters beside it.

Only what may be forgotten is kept, nothing about permission, and nothing that a write has made
old is ever read again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

LIFETIME = 60
"""Seconds that an answer is kept; far shorter than the links in it live."""


class Cached(NamedTuple):
    """What is known: the answer, or None with a ticket to keep one under."""

    body: bytes | None
    ticket: str


UNKNOWN = Cached(None, "")
"""Neither known nor to be kept."""


class Cache(Protocol):
    """Ready answers by scope, an account, and question. None of this ever raises for a cache
    that can't be reached: it is then as if nothing were known.
    """

    async def start(self) -> None:
        """Begin; returns when the cache can be used or has been found away."""

    async def stop(self) -> None:
        """Give back what it holds."""

    async def get(self, scope: str, question: str) -> Cached:
        """Ask before reading the database: a ticket is void once somebody has written since."""

    async def keep(self, scope: str, question: str, ticket: str, body: bytes) -> None:
        """Keep an answer, unless its ticket is void."""

    async def hold(self, scope: str) -> str:
        """Before a commit: serve and keep nothing of the scope until `release`. Returns the hold.

        A holder that dies is forgotten after a while, with all that was known of the scope.
        """

    async def release(self, scope: str, hold: str) -> None:
        """After a commit: everything known of the scope is forgotten."""

    def is_up(self) -> bool:
        """Whether it can be reached; without it everything works, slower."""


@asynccontextmanager
async def started(cache: Cache) -> AsyncIterator[Cache]:
    await cache.start()
    try:
        yield cache
    finally:
        await cache.stop()


class NoCache:
    """Knows nothing: for processes that share their data and have no cache in common."""

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def get(self, scope: str, question: str) -> Cached:
        return UNKNOWN

    async def keep(self, scope: str, question: str, ticket: str, body: bytes) -> None:
        pass

    async def hold(self, scope: str) -> str:
        return ""

    async def release(self, scope: str, hold: str) -> None:
        pass

    def is_up(self) -> bool:
        return True

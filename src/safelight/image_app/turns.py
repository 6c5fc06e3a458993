"""Turns at sending a large body: so many at once, and only some of them to one account."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from safelight.image_app import errors

AT_ONCE = 64
SHARE = 4
"""One account has at most every fourth turn, so that it takes four to keep others waiting."""
PATIENCE = 5.0
"""Seconds that somebody waits for a turn."""


@dataclass(slots=True)
class _Account:
    """The turns of one account, and how many have one or wait."""

    turns: asyncio.Semaphore
    present: int = 0


class Turns:
    """Who waits has not been read from: what it sends stays on its side of the connection."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._share = max(1, at_once // SHARE)
        self._patience = patience
        self._accounts: dict[str, _Account] = {}

    @asynccontextmanager
    async def turn(self, account_id: str) -> AsyncIterator[None]:
        """Have a turn until the block ends; raises `too-many-requests` where the account has as
        many as it may for too long, `service-unavailable` where all together have.
        """
        account = self._accounts.setdefault(account_id, _Account(asyncio.Semaphore(self._share)))
        account.present += 1
        try:
            async with (
                self._one_of(account.turns, errors.TOO_MANY_REQUESTS),
                self._one_of(self._all, errors.SERVICE_UNAVAILABLE),
            ):
                yield
        finally:
            account.present -= 1
            if not account.present:
                del self._accounts[account_id]

    @asynccontextmanager
    async def _one_of(self, turns: asyncio.Semaphore, refused: errors.Kind) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience):
                await turns.acquire()
        except TimeoutError:
            problem = refused("Too much is sent at once; try again in a moment.")
            problem.headers = {"Retry-After": "1"}
            raise problem from None
        try:
            yield
        finally:
            turns.release()

"""Whether the servers are well, for `/health/ready`; the log hears of changes alone."""

import asyncio
from collections.abc import Awaitable

import structlog

LEAVING = "leaving"
"""Key in the state of a request that is there once the server is about to stop."""
PATIENCE = 3.0
"""Seconds after which what does not answer is down."""

log = structlog.get_logger()


class Watch:
    """Remembers what it saw last, by name."""

    def __init__(self) -> None:
        self._was_up: dict[str, bool] = {}

    async def state(self, name: str, check: Awaitable[None]) -> str:
        """`ok`, or `down` when the check raises or takes too long."""
        was_up = self._was_up.get(name, True)
        try:
            async with asyncio.timeout(PATIENCE):
                await check
        except Exception as error:
            # Whatever keeps it from its work, and however it says so.
            self._was_up[name] = False
            if was_up:
                reason = str(error).partition("\n")[0]
                log.warning("away; waiting for it", what=name, reason=reason)
            return "down"
        self._was_up[name] = True
        if not was_up:
            log.info("there again", what=name)
        return "ok"

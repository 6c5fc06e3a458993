"""An ASGI app at an address of its own, for the time of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from safelight import serving


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The URL at which it answers, until the block ends."""
    listener = serving.bind("127.0.0.1", 0)
    config = uvicorn.Config(app, access_log=False, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server._serve([listener]))
    try:
        yield serving.address(listener)
    finally:
        server.should_exit = server.force_exit = True
        await running
        listener.close()

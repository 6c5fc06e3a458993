"""SQLite: one file, many readers, writers one after the other."""

import asyncio
import sqlite3
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT = 10_000
"""Milliseconds that SQLite waits for another process's lock."""
CACHE = 8192
"""KiB of pages that each connection keeps: the upper parts of the indexes of a million images."""
RETRY = 0.01
"""Seconds."""


def engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """For reading and for writing."""
    url = url.set(drivername="sqlite+aiosqlite")
    readers = create_async_engine(url, pool_reset_on_return=None)
    writers = create_async_engine(url, pool_size=1, max_overflow=0)
    for engine in (readers, writers):
        event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(writers.sync_engine, "begin", _begin_immediate)
    return readers, writers


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins and ends the transactions
    connection.run_async(_set_pragmas)


async def _set_pragmas(connection: Any) -> None:
    """Write ahead, and survive power loss (`synchronous=FULL`)."""
    try:
        await connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
        await _write_ahead(connection)
        await connection.execute("PRAGMA synchronous=FULL")
        await connection.execute("PRAGMA foreign_keys=ON")
        await connection.execute(f"PRAGMA cache_size=-{CACHE}")
    except BaseException:
        await connection.close()
        raise


async def _write_ahead(connection: Any) -> None:
    """Two that open a new file at once lock each other out, and SQLite doesn't wait for it."""
    async with asyncio.timeout(BUSY_TIMEOUT / 1000):
        while True:
            try:
                await connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
            await asyncio.sleep(RETRY)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")

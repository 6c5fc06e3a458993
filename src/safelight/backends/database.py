"""The database, by URL: sqlite through aiosqlite."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_TIMEOUT = 10_000
"""Milliseconds that SQLite waits for another process's lock."""


class Database:
    """Connections for reading and for writing.

    `reading` opens no transaction: every statement sees what was committed when it began.
    `writing` is one transaction, committed when the block ends and rolled back when it raises.
    On SQLite writers take turns and hold the write lock from the start, so none fails half-way
    for want of it.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            raise ValueError(f"the database must be sqlite, not {parsed.get_backend_name()}")
        parsed = parsed.set(drivername="sqlite+aiosqlite")
        self._readers = create_async_engine(parsed, pool_reset_on_return=None)
        self._writers = create_async_engine(parsed, pool_size=1, max_overflow=0)
        for engine in (self._readers, self._writers):
            event.listen(engine.sync_engine, "connect", _prepare)
        event.listen(self._writers.sync_engine, "begin", _begin_immediate)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        async with self._readers.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        async with self._writers.begin() as connection:
            yield connection

    async def close(self) -> None:
        engines: tuple[AsyncEngine, ...] = (self._readers, self._writers)
        for engine in engines:
            await engine.dispose()


def _prepare(connection: Any, _record: object) -> None:
    """Leave transactions to SQLAlchemy; survive power loss (`synchronous=FULL`)."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")

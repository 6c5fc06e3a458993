"""SQLite: one file, many readers, writers one after the other."""

from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT = 10_000
"""Milliseconds that SQLite waits for another process's lock."""


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

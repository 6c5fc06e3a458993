"""The database, by URL: sqlite through aiosqlite, postgresql through asyncpg."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from traceback import clear_frames
from typing import Any

import asyncpg
from sqlalchemy import Select, exc, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from safelight.backends.database import postgresql, sqlite
from safelight.backends.database.often import Often
from safelight.backends.database.postgresql import CHANNEL, MEMBER, PRESETS, Place, Presence
from safelight.backends.database.unavailable import DatabaseUnavailable

__all__ = ["CHANNEL", "MEMBER", "PRESETS", "Database", "DatabaseUnavailable", "Place", "Presence"]

OUR_FAULT = ("21", "22", "23", "26", "34", "3F", "42", "44", "0A")
"""Classes of SQLSTATE that say the statement was wrong, not the world."""
NOT_MIGRATED = ("42P01", "42703")
"""No such table, no such column: another release's database."""
CLOSE_SECONDS = 5.0


class Database:
    """Connections for reading and for writing.

    `reading` opens no transaction: every statement sees what was committed when it began.
    `writing` is one transaction, committed when the block ends and rolled back when it raises.
    On SQLite writers take turns and hold the write lock from the start, so none fails half-way
    for want of it. Both raise `DatabaseUnavailable` when the database can't be reached, has ended
    the connection or is at its limits; what was being written is then not there.
    """

    def __init__(self, url: str, connections: int = 10) -> None:
        self._readers: AsyncEngine
        self._writers: AsyncEngine
        self._url = url
        parsed = make_url(url)
        match parsed.get_backend_name():
            case "sqlite":
                self._readers, self._writers = sqlite.engines(parsed)
            case "postgresql":
                self._readers, self._writers = postgresql.engines(url, connections)
            case other:
                raise ValueError(f"the database must be sqlite or postgresql, not {other}")
        self._often = Often(self._readers)
        self.is_shared = parsed.get_backend_name() == "postgresql"
        """Whether several processes on several machines may use it at once."""

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        with _translated():
            async with self._readers.connect() as connection:
                yield connection

    async def ask(self, query: Select[Any], **values: Any) -> list[Any]:
        """Rows of a query that is asked very often: a constant, with a value for each of its
        parameters. Like `reading`, and a good deal cheaper.
        """
        with _translated():
            return await self._often.ask(query, values)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        with _translated():
            try:
                async with self._writers.begin() as connection:
                    yield connection
            except asyncio.CancelledError as error:
                # SQLite holds its lock as long as anything knows a cursor that has rows left.
                clear_frames(error.__traceback__)
                raise

    def presence(self) -> Presence:
        """A place among the processes that share this database, which must be PostgreSQL."""
        return Presence(self._url)

    async def members(self) -> int:
        """How many processes have a place among those that share the database now."""
        if not self.is_shared:
            return 0
        async with self.reading() as connection:
            asked = await connection.execute(text(postgresql.MEMBERS), {"kind": MEMBER})
            return int(asked.scalar_one())

    async def close(self) -> None:
        """Take leave of the database, but of a server only while it answers."""
        self._often.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS if self.is_shared else None):
                for engine in (self._readers, self._writers):
                    await engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """The world's faults as one exception; ours stay what they are."""
    try:
        yield
    except (exc.TimeoutError, TimeoutError) as error:
        raise DatabaseUnavailable("the database takes too long") from error
    except (sqlite3.DatabaseError, *postgresql.LOST) as error:
        if isinstance(error, sqlite3.ProgrammingError):
            raise
        raise DatabaseUnavailable(f"the database can't do it now: {error}") from error
    except asyncpg.PostgresError as error:
        if _is_ours_by(error.sqlstate):
            raise
        raise DatabaseUnavailable(f"the database can't do it now: {error}") from error
    except exc.DBAPIError as error:
        if _is_ours(error):
            raise
        raise DatabaseUnavailable(f"the database can't do it now: {error.orig}") from error


def _is_ours(error: exc.DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # the driver's own word, or SQLite's
        return isinstance(error, exc.IntegrityError | exc.ProgrammingError | exc.DataError)
    return _is_ours_by(state)


def _is_ours_by(state: str | None) -> bool:
    return state is not None and state.startswith(OUR_FAULT) and state not in NOT_MIGRATED

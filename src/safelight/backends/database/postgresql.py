"""PostgreSQL: a pool of connections, and a place among those who share it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from safelight.backends.database.unavailable import DatabaseUnavailable

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
POOL_SECONDS = 10.0
"""Longest wait for a connection while others have them all."""
IDLE_SECONDS = 15
"""After so long without a word the server ends a presence, whose process is frozen or cut off."""

LOST = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What the driver raises for a connection that has ended; the second where it has heard of that in
this moment and still takes questions.
"""

QUICK = {"jit": "off", "max_parallel_workers_per_gather": "0"}
"""Preparations that cost more than all of a short question."""

CHANNEL = "safelight"
LEADER, MEMBER, PRESETS = 1, 2, 3
"""Kinds of advisory locks."""
MEMBERS = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND classid = :kind AND objsubid = 2 AND granted
    AND datname = current_database()"""


def engines(url: str, connections: int) -> tuple[AsyncEngine, AsyncEngine]:
    """For reading, without transactions, and for writing, over one pool."""
    writers = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: _connect(url),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
    )
    event.listen(writers.sync_engine, "checkout", _refuse_closed)
    return writers.execution_options(isolation_level="AUTOCOMMIT"), writers


async def _connect(url: str, **settings: str) -> asyncpg.Connection:
    """Asyncpg reads the URL itself, as psql would: `sslmode`, several hosts, `PGPASSWORD`."""
    try:
        return await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings={"application_name": "safelight", **QUICK, **settings},
        )
    except (asyncpg.PostgresError, *LOST) as error:
        raise DatabaseUnavailable(f"the database can't be reached: {error}") from error


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """The pool takes another instead. This asks our own side: a ping would double each read."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class Presence:
    """One process among those that share the database: known to be alive, woken by the others'
    commits, and one of them the leader.

    All of it hangs on one connection, so it ends with the process, wherever and however that
    ends, and others take over.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.member = secrets.randbelow(1 << 31)
        """Who this is, for the others; see `alive`."""

    @asynccontextmanager
    async def joined(self) -> AsyncIterator["Place"]:
        """Be there until the block ends; raises `DatabaseUnavailable`, also when it is lost."""
        connection = await _connect(
            self._url,
            idle_session_timeout=f"{IDLE_SECONDS}s",
            tcp_keepalives_idle="5",
            tcp_keepalives_interval="5",
            tcp_keepalives_count="2",
        )
        place = Place(connection)
        staying: asyncio.Task[None] | None = None
        try:
            await place.settle(self.member)
            staying = asyncio.create_task(place.stay(), name="stay present")
            yield place
        except (asyncpg.PostgresError, *LOST) as error:
            raise DatabaseUnavailable(f"the connection is lost: {error}") from error
        finally:
            if staying is not None:
                staying.cancel()
                await asyncio.gather(staying, return_exceptions=True)
            with suppress(Exception):
                await connection.close(timeout=1)


class Place:
    """What a presence holds while its connection lives."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._one_at_a_time = asyncio.Lock()
        self._woken = asyncio.Event()
        self._leads = False

    async def settle(self, member: int) -> None:
        if not await self._ask("SELECT pg_try_advisory_lock($1, $2)", MEMBER, member):
            # It would go with its holder, and this process would be taken for dead ever after.
            raise DatabaseUnavailable("the place is still held by a connection that was lost")
        await self._connection.add_listener(CHANNEL, lambda *_: self._woken.set())
        self._connection.add_termination_listener(lambda *_: self._woken.set())

    async def stay(self) -> None:
        """Keep talking, as only a process does that is well; a lost connection shows in `leads`."""
        with suppress(asyncpg.PostgresError, *LOST):
            while True:
                await asyncio.sleep(IDLE_SECONDS / 3)
                await self._ask("SELECT 1")

    async def leads(self) -> bool:
        """Whether this is the one leader, surely so at the time of asking."""
        if self._leads:
            await self._ask("SELECT 1")
        else:
            self._leads = await self._ask("SELECT pg_try_advisory_lock($1, 0)", LEADER)
        return self._leads

    async def wait(self, seconds: float) -> None:
        """Until somebody commits promises, or so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        self._woken.clear()

    def wake(self) -> None:
        self._woken.set()

    async def _ask(self, query: str, *arguments: int) -> Any:
        async with self._one_at_a_time:
            return await self._connection.fetchval(query, *arguments)

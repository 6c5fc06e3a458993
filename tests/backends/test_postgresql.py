"""What only a server can do to those who use it, and what they are to each other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from safelight.backends.database import (
    CHANNEL,
    MEMBER,
    Database,
    DatabaseUnavailable,
    Place,
    postgresql,
)
from safelight.image_app.images.queries import is_alive
from tests.servers import Postgres

PATIENCE = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """A server for one test to mistreat."""
    server = Postgres(tmp_path / "postgres")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def database(server: Postgres) -> AsyncIterator[Database]:
    database = Database(server.url("postgres"), connections=3)
    yield database
    await database.close()


async def ask(database: Database) -> int:
    async with database.reading() as connection:
        return int((await connection.execute(text("SELECT 42"))).scalar_one())


async def until_it_leads(place: Place) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await place.leads():
            await place.wait(0.05)


async def test_after_a_restart_no_request_meets_a_dead_connection(
    server: Postgres, database: Database
) -> None:
    await asyncio.gather(*(ask(database) for _ in range(3)))
    await asyncio.to_thread(server.restart)
    await asyncio.sleep(0.05)  # for the ends of the old connections to be read
    for _ in range(5):
        assert await ask(database) == 42


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_while_the_server_is_away_it_is_unavailable_and_then_works_again(
    server: Postgres, database: Database, how: str
) -> None:
    assert await ask(database) == 42
    getattr(server, how)()
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await ask(database)
    server.start()
    assert await ask(database) == 42


async def test_a_transaction_that_the_server_ends_is_unavailable(
    server: Postgres, database: Database
) -> None:
    with pytest.raises(DatabaseUnavailable):  # noqa: PT012 - the block is what is tested
        async with database.writing() as connection:
            await connection.execute(text("CREATE TABLE half_done (id int)"))
            server.restart()
            await connection.execute(text("SELECT 1"))
    with pytest.raises(DatabaseUnavailable):  # since there is no such table
        async with database.reading() as connection:
            await connection.execute(text("SELECT * FROM half_done"))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError('cannot switch to state 11; protocol is in the "failed" state'),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_the_driver_says_of_a_connection_that_ends_just_then_is_unavailable(
    database: Database, error: Exception
) -> None:
    for block in (database.reading, database.writing):
        with pytest.raises(DatabaseUnavailable):
            async with block():
                raise error
    assert await ask(database) == 42


async def test_too_many_at_once_wait_and_then_are_told(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "POOL_SECONDS", 0.1)
    database = Database(server.url("postgres"), connections=1)
    async with database.reading():
        with pytest.raises(DatabaseUnavailable, match="takes too long"):
            await ask(database)
    assert await ask(database) == 42
    await database.close()


async def test_of_many_present_one_leads_and_the_next_when_it_leaves(database: Database) -> None:
    first, second = database.presence(), database.presence()
    async with first.joined() as one:
        assert await one.leads()
        async with second.joined() as other:
            assert not await other.leads()
            assert await one.leads()
        async with second.joined() as other:
            assert not await other.leads()


async def test_a_commit_wakes_whoever_is_present(database: Database) -> None:
    async with database.presence().joined() as place:
        waiting = asyncio.create_task(place.wait(PATIENCE * 10))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        async with database.writing() as connection:
            await connection.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))
        async with asyncio.timeout(PATIENCE):
            await waiting


async def test_a_lost_connection_is_told_and_lets_another_lead(
    server: Postgres, database: Database
) -> None:
    other = database.presence()
    with pytest.raises(DatabaseUnavailable):  # noqa: PT012 - the block is what is tested
        async with database.presence().joined() as place:
            assert await place.leads()
            server.restart()
            async with other.joined() as successor:
                await until_it_leads(successor)
                await place.leads()


async def test_one_whose_lost_connection_lingers_joins_once_that_has_gone(
    server: Postgres, database: Database
) -> None:
    """Else its place would go with the lost connection, and it would be taken for dead."""
    presence = database.presence()
    lost = await asyncpg.connect(server.url("postgres"))
    await lost.fetchval("SELECT pg_try_advisory_lock($1, $2)", MEMBER, presence.member)
    with pytest.raises(DatabaseUnavailable, match="still held"):
        async with presence.joined():
            pass
    await lost.close()
    await asyncio.sleep(0.2)
    async with presence.joined(), database.writing() as connection:
        assert await is_alive(connection, presence.member)


async def test_one_that_stays_silent_is_not_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process is that was frozen, or cut off with its machine."""
    monkeypatch.setattr(postgresql, "IDLE_SECONDS", 1)
    with pytest.raises(DatabaseUnavailable):  # noqa: PT012 - the block is what is tested
        async with database.presence().joined() as place:
            await until_it_leads(place)
            await asyncio.sleep(2)
            assert await place.leads()
            [talking] = [t for t in asyncio.all_tasks() if t.get_name() == "stay present"]
            talking.cancel()
            async with database.presence().joined() as successor:
                await until_it_leads(successor)
            await place.leads()

"""The database: writers take turns, readers see what was committed."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from safelight.backends.database import Database, DatabaseUnavailable
from safelight.image_app.models import UtcTime
from tests.servers import Postgres

metadata = MetaData()
counters = Table(
    "counters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", UtcTime),
)
notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("counter", Integer, ForeignKey("counters.id"), nullable=False),
    Column("text", String),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.url(postgres.create())


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """A database with tables of its own and one counter."""
    database = Database(url)
    async with database.writing() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(counters.insert().values(id=1, number=0))
    yield database
    await database.close()


async def number_of(database: Database) -> int:
    async with database.reading() as connection:
        query = select(counters.c.number).where(counters.c.id == 1)
        return int((await connection.execute(query)).scalar_one())


async def count_up(database: Database) -> None:
    """Read, let others have their turn, write: a lost update unless writers take turns."""
    async with database.writing() as connection:
        query = select(counters.c.number).where(counters.c.id == 1).with_for_update()
        number = (await connection.execute(query)).scalar_one()
        await asyncio.sleep(0)
        await connection.execute(update(counters).values(number=number + 1))


async def test_fifty_writers_at_once_take_turns_and_none_fails(database: Database) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(count_up(database))
    assert await number_of(database) == 50


async def test_writers_of_several_processes_take_turns(database: Database, url: str) -> None:
    other = Database(url)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(10):
            tasks.create_task(count_up(database))
            tasks.create_task(count_up(other))
    assert await number_of(database) == 20
    await other.close()


async def test_what_was_written_is_gone_when_the_block_raises(database: Database) -> None:
    with pytest.raises(RuntimeError, match="on purpose"):  # noqa: PT012 - the block is what is tested
        async with database.writing() as connection:
            await connection.execute(update(counters).values(number=7))
            raise RuntimeError("on purpose")
    assert await number_of(database) == 0
    await count_up(database)
    assert await number_of(database) == 1


async def test_a_cancelled_writer_leaves_nothing_and_holds_up_nobody(database: Database) -> None:
    written = asyncio.Event()

    async def write() -> None:
        async with database.writing() as connection:
            await connection.execute(update(counters).values(number=7))
            written.set()
            await asyncio.Event().wait()

    writer = asyncio.create_task(write())
    await written.wait()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    await count_up(database)
    assert await number_of(database) == 1


async def test_a_writer_that_is_cancelled_at_any_moment_holds_up_nobody_as_it_ends(
    database: Database,
) -> None:
    """Also not with rows that it was about to be given, which a failure remembers."""
    change = update(counters).values(number=counters.c.number + 100).returning(counters.c.number)
    counted = 0

    async def write() -> None:
        nonlocal counted
        try:
            async with database.writing() as connection:
                while True:
                    (await connection.execute(change)).one()
        except asyncio.CancelledError:
            async with asyncio.timeout(60):
                await count_up(database)
            counted += 1
            raise

    for number in range(40):
        writer = asyncio.create_task(write())
        await asyncio.sleep(number / 4000)
        writer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writer
    assert await number_of(database) == counted > 0


async def test_reading_sees_what_is_committed_and_nothing_before(database: Database) -> None:
    query = select(counters.c.number)
    async with database.reading() as reader:
        async with database.writing() as writer:
            await writer.execute(update(counters).values(number=7))
            assert (await reader.execute(query)).scalar_one() == 0
        assert (await reader.execute(query)).scalar_one() == 7


async def test_reading_waits_for_no_writer(database: Database) -> None:
    async with database.writing() as writer:
        await writer.execute(update(counters).values(number=7))
        numbers = await asyncio.gather(*(number_of(database) for _ in range(10)))
    assert numbers == [0] * 10


async def test_times_come_back_in_utc_whatever_zone_they_were_given_in(
    database: Database,
) -> None:
    tokyo = timezone(timedelta(hours=9))
    given = datetime(2026, 11, 23, 17, 0, 0, 123000, tokyo)
    async with database.writing() as connection:
        await connection.execute(update(counters).values(at=given))
    async with database.reading() as connection:
        found = (await connection.execute(select(counters.c.at))).scalar_one()
        same = select(func.count()).where(counters.c.at == given)
        assert (await connection.execute(same)).scalar_one() == 1
    assert found == given
    assert found.tzinfo is UTC


async def test_a_row_that_points_to_nothing_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.writing() as connection:
            await connection.execute(notes.insert().values(counter=99))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: a commit survives power loss
        ("foreign_keys", 1),
        ("busy_timeout", 10_000),
    ],
)
async def test_every_connection_is_set_up_to_keep_what_it_commits(
    database: Database, pragma: str, value: str | int
) -> None:
    async with database.reading() as reader, database.writing() as writer:
        for connection in (reader, writer):
            found = await connection.exec_driver_sql(f"PRAGMA {pragma}")
            assert found.scalar_one() == value


@pytest.mark.parametrize(
    "url",
    ["sqlite:////missing/test.db", "postgresql://postgres@127.0.0.1:1/none"],
)
async def test_a_database_that_can_not_be_reached_is_unavailable(url: str) -> None:
    database = Database(url)
    for connect in (database.reading, database.writing):
        with pytest.raises(DatabaseUnavailable):
            async with connect():
                pass
    await database.close()


async def test_a_table_that_is_missing_is_unavailable_until_somebody_migrates(
    database: Database,
) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with database.reading() as connection:
            await connection.exec_driver_sql("SELECT * FROM nowhere")


async def test_a_statement_that_is_wrong_is_our_own_fault(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.writing() as connection:
            await connection.execute(counters.insert().values(id=1, number=0))


def test_another_kind_of_database_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="must be sqlite or postgresql, not mysql"):
        Database("mysql://localhost/safelight")


async def test_a_file_that_somebody_else_is_just_writing_anew_is_waited_for(
    tmp_path: Path,
) -> None:
    file = tmp_path / "new.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE somebodys (id INTEGER)")
        database = Database(f"sqlite:///{file}")
        waiting = asyncio.create_task(_tables(database))
        await asyncio.wait([waiting], timeout=0.1)
        assert not waiting.done()
        other.execute("COMMIT")
        assert await waiting == ["somebodys"]
    await database.close()


async def _tables(database: Database) -> list[str]:
    async with database.reading() as connection:
        return await connection.run_sync(lambda c: inspect(c).get_table_names())

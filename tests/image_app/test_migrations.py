"""The database's shape over time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from safelight.backends.database import Database
from safelight.image_app.migrations import SCRIPTS, is_newest, migrate, newest
from safelight.image_app.models import metadata


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    yield database
    await database.close()


INDEX = "image_grams_index"
"""A table of FTS5, with others below it that are its own; no model tells of it."""


def _is_modelled(name: str | None, _kind: str, _parents: Any) -> bool:
    return not (name or "").startswith(INDEX)


def _differences(connection: Connection) -> list[Any]:
    opts = {"compare_type": True, "include_name": _is_modelled}
    context = MigrationContext.configure(connection, opts=opts)
    return list(compare_metadata(context, metadata))


async def differences(database: Database) -> list[Any]:
    async with database.reading() as connection:
        return await connection.run_sync(_differences)


async def tables_of(database: Database) -> set[str]:
    async with database.reading() as connection:
        names = await connection.run_sync(lambda c: inspect(c).get_table_names())
    return {name for name in names if _is_modelled(name, "table", {})}


async def test_the_migrations_make_what_the_models_say(empty: Database) -> None:
    await migrate(empty)
    assert await differences(empty) == []
    assert await tables_of(empty) == {*metadata.tables, "alembic_version"}


async def test_the_newest_is_what_alembic_takes_for_the_last_one(empty: Database) -> None:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    assert newest() == ScriptDirectory.from_config(config).get_current_head()
    assert not await is_newest(empty)
    await migrate(empty)
    assert await is_newest(empty)
    async with empty.writing() as connection:
        await connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0009')")
    assert not await is_newest(empty)
    async with empty.writing() as connection:
        await connection.exec_driver_sql("DELETE FROM alembic_version WHERE version_num != '0009'")
    assert not await is_newest(empty)


async def test_a_difference_between_migrations_and_models_would_be_seen(empty: Database) -> None:
    await migrate(empty)
    async with empty.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE images DROP COLUMN taken_at")
        await connection.exec_driver_sql("DROP INDEX ix_images_processing")
    assert len(await differences(empty)) == 2


async def test_migrating_again_is_harmless(empty: Database) -> None:
    for _ in range(2):
        await migrate(empty)
    assert await differences(empty) == []


async def test_migrating_from_several_places_at_once_is_harmless(
    empty: Database, tmp_path: Path
) -> None:
    others = [Database(f"sqlite:///{tmp_path / 'empty.db'}") for _ in range(3)]
    await asyncio.gather(*(migrate(database) for database in (empty, *others)))
    assert await differences(empty) == []
    for database in others:
        await database.close()


async def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    async with empty.writing() as connection:
        await connection.exec_driver_sql("CREATE TABLE variants (something INTEGER)")
    with pytest.raises(Exception, match="already exists"):
        await migrate(empty)
    assert await tables_of(empty) == {"variants"}

"""The database's shape over time."""

import asyncio
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from safelight.backends.database import Database

SCRIPTS = "safelight.image_app:migrations"
LOCK = 7_233_548
"""Held by whoever migrates."""


async def migrate(database: Database) -> None:
    """Bring the database to the newest shape, in one transaction; harmless when it is there."""
    async with database.writing() as connection:
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # SQLite's writers take turns anyway
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for work on an open connection."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    return config


async def is_newest(database: Database) -> bool:
    """Whether the database has the shape that this release needs."""
    async with database.reading() as connection:
        return await connection.run_sync(_revision) == await asyncio.to_thread(_newest)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _newest() -> str | None:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    return ScriptDirectory.from_config(config).get_current_head()

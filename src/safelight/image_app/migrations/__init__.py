"""The database's shape over time.

Alembic is loaded only to change a shape: processes that find it as it should be start sooner.
"""

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, func, inspect, select, table

from safelight.backends.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = "safelight.image_app:migrations"
LOCK = 7_233_548
"""Held by whoever migrates."""
SCRIPT = re.compile(r"\d+_\w+\.py")
REVISIONS = table("alembic_version", column("version_num"))


async def migrate(database: Database) -> None:
    """Bring the database to the newest shape, in one transaction; harmless when it is there."""
    if await is_newest(database):
        return
    async with database.writing() as connection:
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    from alembic import command

    if connection.dialect.name == "postgresql":  # SQLite's writers take turns anyway
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> "Config":
    """Alembic's settings for work on an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    return config


async def is_newest(database: Database) -> bool:
    """Whether the database has the shape that this release needs."""
    async with database.reading() as connection:
        return await connection.run_sync(_revisions) == [newest()]


def _revisions(connection: Connection) -> list[str]:
    """One, unless nothing was ever migrated, or two releases were at it."""
    if not inspect(connection).has_table(REVISIONS.name):
        return []
    return list(connection.execute(select(REVISIONS.c.version_num)).scalars())


@cache
def newest() -> str:
    """The last revision: each is the number that its file begins with, and follows the one
    before.
    """
    scripts = files(__package__) / "versions"
    names = (script.name for script in scripts.iterdir())
    return max(name.partition("_")[0] for name in names if SCRIPT.fullmatch(name))

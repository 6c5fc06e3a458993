"""The database's shape over time."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from safelight.backends.database import Database


async def migrate(database: Database) -> None:
    """Bring the database to the newest shape, in one transaction; harmless when it is there."""
    async with database.writing() as connection:
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for work on an open connection."""
    config = Config()
    config.set_main_option("script_location", "safelight.image_app:migrations")
    config.attributes["connection"] = connection
    return config

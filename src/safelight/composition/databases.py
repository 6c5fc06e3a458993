"""The database, for the API and for commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from safelight.backends.database import Database, DatabaseUnavailable
from safelight.backends.unusable import Unusable
from safelight.image_app.migrations import is_newest, migrate
from safelight.settings import Settings


def database(settings: Settings) -> Database:
    """The one of the settings, asked for nothing yet; raises `Unusable`."""
    try:
        return Database(settings.resolved_database_url(), settings.database_connections)
    except (ValueError, ArgumentError) as error:
        raise Unusable(f"SAFELIGHT_DATABASE_URL can't be used: {error}") from None


async def bring_up_to_date(settings: Settings) -> None:
    """Bring it to the newest shape; raises `Unusable`."""
    async with opened(settings) as found:
        await migrate(found)


def require_folder(settings: Settings) -> None:
    """Raise `Unusable` where nothing was ever kept, instead of making an empty database."""
    if not settings.database_url and not settings.data_dir.is_dir():
        raise Unusable(f"there is no data folder {settings.data_dir}")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database for one command; raises `Unusable` when it is none of ours."""
    found = database(settings)
    name = make_url(settings.resolved_database_url()).render_as_string(hide_password=True)
    try:
        yield found
    except DatabaseUnavailable as error:
        raise Unusable(f"the database {name} can't be used: {error}") from None
    except DatabaseError as error:
        raise Unusable(f"the database {name} can't be used: {error.orig}") from None
    finally:
        await found.close()


@asynccontextmanager
async def kept(settings: Settings) -> AsyncIterator[Database]:
    """As `opened`; also raises `Unusable` where nothing was ever kept, or where it has the shape of
    another release.
    """
    require_folder(settings)
    async with opened(settings) as found:
        if not await is_newest(found):
            raise Unusable(
                "the database has not the shape that this release needs: stop the product, then "
                "`safelight migrate`"
            )
        yield found

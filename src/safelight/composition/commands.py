"""What is done once and ends: keys, migrations; and what other such commands open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError

from safelight.backends import keyfiles
from safelight.backends.database import Database, DatabaseUnavailable
from safelight.backends.rendering.http import HttpRenderer
from safelight.backends.unusable import Unusable
from safelight.composition import api_parts, places
from safelight.image_app.migrations import is_newest, migrate
from safelight.image_app.resources import Resources
from safelight.settings import Settings


def make_certs(settings: Settings) -> bool:
    """The keys that sign tokens and the secret that signs links; whether the keys were made."""
    made = keyfiles.make_keys(settings.resolved_private_key(), settings.resolved_public_key())
    if not settings.link_secret:
        keyfiles.link_secret(settings.resolved_link_secret())
    return made


async def migrate_database(settings: Settings) -> None:
    """Bring the database to the newest shape; raises `Unusable`."""
    async with opened_database(settings) as database:
        await migrate(database)


def require_folder(settings: Settings) -> None:
    """Raise `Unusable` where nothing was ever kept, instead of making an empty database."""
    if not settings.database_url and not settings.data_dir.is_dir():
        raise Unusable(f"there is no data folder {settings.data_dir}")


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[Database]:
    """The database for one command; raises `Unusable` when it is none of ours."""
    database = api_parts.database(settings)
    name = make_url(settings.resolved_database_url()).render_as_string(hide_password=True)
    try:
        yield database
    except DatabaseUnavailable as error:
        raise Unusable(f"the database {name} can't be used: {error}") from None
    except DatabaseError as error:
        raise Unusable(f"the database {name} can't be used: {error.orig}") from None
    finally:
        await database.close()


@asynccontextmanager
async def kept_database(settings: Settings) -> AsyncIterator[Database]:
    """As `opened_database`; also raises `Unusable` where nothing was ever kept, or where it has the
    shape of another release.
    """
    require_folder(settings)
    async with opened_database(settings) as database:
        if not await is_newest(database):
            raise Unusable(
                "the database has not the shape that this release needs: stop the product, then "
                "`safelight migrate`"
            )
        yield database


@asynccontextmanager
async def opened_resources(settings: Settings) -> AsyncIterator[Resources]:
    """What services use, for one command beside a product or in its place; raises `Unusable`.

    A relay of the product looks at what was promised within seconds, or is woken by the commit.
    """
    async with kept_database(settings) as database:
        answers = api_parts.shared_cache(settings)
        resources = api_parts.resources(
            settings,
            database,
            places.objects(settings),
            answers,
            HttpRenderer([], ""),
            wake_relay=lambda: None,
            checks={},
        )
        await answers.start()
        try:
            yield resources
        finally:
            await answers.stop()
            await resources.renderer.close()
            await resources.rates.close()
            await resources.accounts.close()

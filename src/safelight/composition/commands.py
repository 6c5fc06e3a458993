"""What is done once and ends: keys, migrations, verification."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError

from safelight.backends import keyfiles
from safelight.backends.database import Database, DatabaseUnavailable
from safelight.backends.unusable import Unusable
from safelight.composition import api_parts, places
from safelight.contract.messages import JOBS, PROCESSOR, Message
from safelight.image_app import verification
from safelight.image_app.migrations import migrate
from safelight.image_app.subscriptions import LISTENING
from safelight.settings import Settings


def make_certs(settings: Settings) -> bool:
    """The keys that sign tokens and the secret that signs links; whether the keys were made."""
    made = keyfiles.make_keys(settings.resolved_private_key(), settings.resolved_public_key())
    if not settings.link_secret:
        keyfiles.link_secret(settings.resolved_link_secret())
    return made


async def migrate_database(settings: Settings) -> None:
    """Bring the database to the newest shape; raises `Unusable`."""
    async with _opened_database(settings) as database:
        await migrate(database)


async def verify(settings: Settings, tell: Callable[[str], None]) -> tuple[int, int, int]:
    """Tell every difference; returns how many images, promises and differences there are."""
    if not settings.database_url and not settings.data_dir.is_dir():
        raise Unusable(f"there is no data folder {settings.data_dir}")
    objects, found = places.objects(settings), 0
    waiting = await _waiting(settings) if settings.broker_url else []
    async with _opened_database(settings) as database:
        async for line in verification.differences(database, objects, waiting):
            tell(line)
            found += 1
        return *await verification.counts(database), found


async def _waiting(settings: Settings) -> list[Message]:
    """Promises that are at the broker."""
    # Only here, since an embedded product never loads a broker's library.
    from safelight.composition.broker import waiting

    return await waiting(settings, [(JOBS, PROCESSOR), *LISTENING])


@asynccontextmanager
async def _opened_database(settings: Settings) -> AsyncIterator[Database]:
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

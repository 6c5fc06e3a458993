"""What a deleted account leaves, removed a little at a time, however often we crash.

A row of `closed_accounts` is the promise; images go with promises of their own.
"""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy import Table, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app import clock
from safelight.image_app.accounts import queries as accounts
from safelight.image_app.accounts import service
from safelight.image_app.images import queries as images
from safelight.image_app.images.service import bury
from safelight.image_app.models import events, presets, upload_keys, usage
from safelight.image_app.presets import queries as own_presets
from safelight.image_app.resources import Resources
from safelight.image_app.work import begin

EMPTIED: tuple[Table, ...] = (presets, events, upload_keys, usage)
"""Tables of what an account has beside its images, each with an `account_id`."""

IMAGES_AT_ONCE = 100
ROWS_AT_ONCE = 1000
PAUSE = 60.0
RETRY_SECONDS = 5.0

Place = tuple[datetime, str]

log = structlog.get_logger()


async def keep_closing(resources: Resources) -> None:
    """Go on with whatever was begun, here or elsewhere, until cancelled."""
    while True:
        pause = PAUSE
        resources.closing.clear()
        try:
            await go_on(resources)
        except Exception as error:
            # The world is unwell; whoever serves requests says so louder.
            log.debug("could not go on closing accounts", reason=str(error))
            pause = RETRY_SECONDS
        try:
            async with asyncio.timeout(pause):
                await resources.closing.wait()
        except TimeoutError:
            continue


async def go_on(resources: Resources) -> None:
    """Remove what is left of every deleted account. Harmless in several processes at once."""
    async with resources.database.reading() as connection:
        left = await accounts.closings(connection)
    for account_id in left:
        await service.end(resources, account_id)  # a crash may have come before
        place: Place | None = None
        while place := await _bury_some(resources, account_id, place):
            pass
        while await _remove_some(resources, account_id):
            pass
        log.info("an account is gone", account_id=account_id)


async def _bury_some(resources: Resources, account_id: str, after: Place | None) -> Place | None:
    """The place of the last image that was buried; None when none was left behind `after`.

    Nothing is counted in for a closed account, so one walk sees every image.
    """
    async with begin(resources) as work:
        await accounts.lock_closing(work.connection, account_id)
        rows = await images.locked_page(work.connection, account_id, IMAGES_AT_ONCE, after)
        if rows:
            await bury(work, rows)
    return (rows[-1].created_at, rows[-1].id) if rows else None


async def _remove_some(resources: Resources, account_id: str) -> bool:
    """Whether there was something; when there was not, the promise is kept."""
    async with begin(resources) as work:
        await accounts.lock_closing(work.connection, account_id)
        await own_presets.lock(work.connection, account_id)
        for table in EMPTIED:
            if await _empty(work.connection, table, account_id):
                return True
        await accounts.end_closing(work.connection, account_id, clock.now())
    return False


async def _empty(connection: AsyncConnection, table: Table, account_id: str) -> bool:
    """Whether there were rows; some of them are gone."""
    key = tuple_(*table.primary_key)
    some = select(*table.primary_key).where(table.c.account_id == account_id).limit(ROWS_AT_ONCE)
    return bool((await connection.execute(delete(table).where(key.in_(some)))).rowcount)

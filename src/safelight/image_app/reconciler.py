"""Finishes what a crash or a lost message interrupted, while the product runs."""

from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy import Column, ColumnElement, Select, and_, exists, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app import clock, mends, promises
from safelight.image_app.images import queries
from safelight.image_app.models import images, outbox, variants
from safelight.image_app.outbox import message_of
from safelight.image_app.promised import Promises, read
from safelight.image_app.resources import Resources
from safelight.image_app.variants import queries as of_image
from safelight.image_app.work import begin

AT_ONCE = 200
"""Images that a round sees to; those behind them come next."""

log = structlog.get_logger()


async def reconcile(resources: Resources, now: datetime | None = None) -> int:
    """Promise again what nobody has answered for so long that it is lost; how many images it was.

    A job that merely waits is asked for again at most once in `LOST_AFTER`, and never while its
    promise is in the outbox. Harmless in several processes at once: the image is locked, and
    looked at once more. A time that is far ahead was written by a clock that was wrong, and tells
    nothing.
    """
    now = now or clock.now()
    before = now - promises.LOST_AFTER
    async with resources.database.reading() as connection:
        found = [
            image_id
            for query in (unanswered(before), unerased(before))
            for image_id in (await connection.execute(query)).scalars()
        ]
        on_their_way = await _promised(connection, found)
    mended = [await _mend(resources, image_id, now, on_their_way) for image_id in found]
    return sum(mended)


def unanswered(before: datetime) -> Select[str]:
    """Ids of images that wait, for no job that was asked for since then."""
    young = exists().where(
        variants.c.image_id == images.c.id,
        variants.c.job_id >= clock.first_id_at(before),
        variants.c.job_id < clock.first_id_at(_ahead(before)),
    )
    return (
        select(images.c.id)
        .where(
            text("images.status = 'processing'"),  # spelt as in the index, for SQLite to find it
            ~_is_since(images.c.created_at, before),
            _not_missed_since(before),
            ~young,
        )
        .limit(AT_ONCE)
    )


def unerased(before: datetime) -> Select[str]:
    """Ids of tombstones from before then."""
    return (
        select(images.c.id)
        .where(
            images.c.deleted_at.is_not(None),
            ~_is_since(images.c.deleted_at, before),
            _not_missed_since(before),
        )
        .limit(AT_ONCE)
    )


def _not_missed_since(before: datetime) -> ColumnElement[bool]:
    return or_(images.c.missed_at.is_(None), ~_is_since(images.c.missed_at, before))


def _is_since(time: Column[datetime], before: datetime) -> ColumnElement[bool]:
    return and_(time >= before, time < _ahead(before))


def _ahead(before: datetime) -> datetime:
    """Further ahead of now than clocks may differ."""
    return before + 2 * promises.LOST_AFTER


async def _promised(connection: AsyncConnection, image_ids: Collection[str]) -> Promises:
    if not image_ids:
        return read([])
    rows = await connection.execute(select(outbox).where(outbox.c.key.in_(image_ids)))
    return read([message_of(row) for row in rows])


async def _mend(resources: Resources, image_id: str, now: datetime, on_their_way: Promises) -> bool:
    """Whether something was promised again."""
    before = now - promises.LOST_AFTER
    async with begin(resources) as work:
        image = await queries.find_any(work.connection, image_id, lock=True)
        if image is None or _was_since(image.missed_at, before):
            return False  # somebody else was quicker
        if image.deleted_at is not None and image_id in on_their_way.erasures:
            await queries.change(work.connection, image_id, missed_at=now)
            return False
        if image.deleted_at is not None:
            await mends.erase_again(work, image, now)
            log.warning("an erasure was lost; promised again", image_id=image_id)
            return True
        jobs_now = (row.job_id for row in await of_image.all_of(work.connection, image_id))
        young = {id_ for id_ in jobs_now if id_ and _was_since(clock.made_at(id_), before)}
        jobs = await mends.ask_again(work, image, on_their_way.jobs[image_id] | young, now)
    if jobs:
        log.warning("not answered for long; asked for again", image_id=image_id, jobs=jobs)
    return bool(jobs)


def _was_since(time: datetime | None, before: datetime) -> bool:
    return time is not None and before <= time < _ahead(before)

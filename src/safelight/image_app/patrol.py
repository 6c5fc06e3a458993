"""Walks through the object store, a stretch at a time, for objects that belong to nothing."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Column, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.image_app import clock, mends, promises
from safelight.image_app.images import queries
from safelight.image_app.models import Found, images, renderings, uploads, variants
from safelight.image_app.owners import Owner, fingerprint_of, owner_of
from safelight.image_app.resources import Resources
from safelight.image_app.variants.queries import fingerprints_of
from safelight.image_app.work import Work, begin

STRETCH = 5000
"""Objects that a round looks at, so that a store of any size costs each round the same."""
AT_ONCE = 500
"""Objects that are looked up in the database together."""
REST = 6 * 3600.0
"""Seconds from the end of the store until the next walk begins."""

log = structlog.get_logger()


class Patrol:
    """Goes on each time where it stopped, and after a fault from the beginning."""

    def __init__(self, rest: float = REST) -> None:
        self._rest = rest
        self._walk: AsyncIterator[list[str]] | None = None
        self._not_before = time.monotonic()

    async def go_on(self, resources: Resources, now: datetime | None = None) -> int:
        """Look at the next stretch; of how many images something was promised to be erased.

        What is young, or moves, is left alone: its own promises see to it.
        """
        if self._walk is None and time.monotonic() < self._not_before:
            return 0
        walk, self._walk = self._walk or _walk(resources.objects), None
        before = (now or clock.now()) - promises.LOST_AFTER
        looked = erased = 0
        async for found in walk:
            erased += await _look(resources, found, before)
            looked += len(found)
            if looked >= STRETCH:
                self._walk = walk
                return erased
        self._not_before = time.monotonic() + self._rest
        return erased


async def _walk(objects: Objects) -> AsyncIterator[list[str]]:
    """Every key there is, some hundreds at once."""
    gathered: list[str] = []
    async for batch in objects.list(""):
        gathered += [key for key, _ in batch]
        if len(gathered) >= AT_ONCE:
            yield gathered
            gathered = []
    yield gathered


async def _look(resources: Resources, found: Sequence[str], before: datetime) -> int:
    owned: dict[Owner, list[str]] = defaultdict(list)
    for key in found:
        owner = owner_of(key)
        if owner and clock.made_at(owner.image_id) < before:
            owned[owner].append(key)
    ids = {owner.image_id for owner in owned}
    async with resources.database.reading() as connection:
        # Uploads first: one that ends in between is an image by then.
        under_way = await _those_of(connection, uploads, uploads.c.id, ids)
        there = {row.id: row for row in await _those_of(connection, images, images.c.id, ids)}
        quiet = {id_ for id_, row in there.items() if _is_quiet(row, before)}
        referred = await _referred(connection, quiet)
    uploading, erased = {row.id for row in under_way}, 0
    for owner, its in owned.items():
        row = there.get(owner.image_id)
        if row is None and owner.image_id not in uploading:
            erased += await _erase_strangers(resources, owner, its)
        elif row is not None and row.id in quiet and row.account_id == owner.account_id:
            unwanted = _unwanted(row, its, referred[row.id])
            erased += bool(unwanted) and await _erase_unwanted(resources, row, unwanted)
    return erased


async def _those_of(
    connection: AsyncConnection, table: Table, column: Column[str], ids: Collection[str]
) -> Sequence[Found]:
    if not ids:
        return []
    return (await connection.execute(select(table).where(column.in_(ids)))).all()


async def _referred(connection: AsyncConnection, ids: Collection[str]) -> dict[str, set[str]]:
    """Fingerprints of all that there is or will be, by image."""
    referred: dict[str, set[str]] = defaultdict(set)
    for row in await _those_of(connection, variants, variants.c.image_id, ids):
        referred[row.image_id] |= fingerprints_of([row])
    for row in await _those_of(connection, renderings, renderings.c.image_id, ids):
        referred[row.image_id].add(row.fingerprint)
    return referred


def _is_quiet(image: Found, before: datetime) -> bool:
    is_settled = image.deleted_at is None and image.status != "processing"
    quiet: bool = is_settled and image.updated_at < before
    return quiet


def _unwanted(image: Found, its: Sequence[str], referred: set[str]) -> list[str]:
    made = (fingerprint_of(image, key) for key in its)
    return [fingerprint for fingerprint in made if fingerprint and fingerprint not in referred]


async def _erase_strangers(resources: Resources, owner: Owner, its: Sequence[str]) -> bool:
    """What was made of a picture that is gone. An original of which no row tells is left: no crash
    makes one, but a database that was restored from an old backup does.
    """
    if await _is_there(resources.objects, keys.original(*owner)):
        log.warning("no row tells of this original", image_id=owner.image_id)
        return False
    if not await _is_there(resources.objects, its[0]):
        return False  # it went while it was looked at
    async with begin(resources) as work:
        erased = await mends.erase_strangers(work, *owner)
    if erased:
        log.warning("objects belong to no image; to be erased", image_id=owner.image_id)
    return erased


async def _is_there(objects: Objects, key: str) -> bool:
    try:
        await objects.size(key)
    except FileNotFoundError:
        return False
    return True


async def _erase_unwanted(resources: Resources, image: Found, made: Sequence[str]) -> bool:
    async with begin(resources) as work:
        erased = [fp for fp in made if await _erase_one(work, image, fp)]
    if erased:
        log.warning("objects of nothing; to be erased", image_id=image.id, fingerprints=erased)
    return bool(erased)


async def _erase_one(work: Work, image: Found, fingerprint: str) -> bool:
    there = await queries.find_any(work.connection, image.id, lock=True)
    if there is None or there.deleted_at is not None:
        return False
    return await mends.erase_unwanted(work, there, fingerprint)

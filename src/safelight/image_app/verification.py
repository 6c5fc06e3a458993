"""`safelight verify`: rows, objects and promises compared, every difference named."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import JOBS, OUTCOMES, Message
from safelight.image_app.accounts.queries import usage_of
from safelight.image_app.models import Found, images, outbox, uploads, usage, variants
from safelight.image_app.outbox import message_of


class Promises(NamedTuple):
    """Ids of the images of which somebody will hear yet."""

    jobs: set[str]
    erasures: set[str]


Stored = dict[str, int]
"""Size of each object, by key."""


async def differences(
    database: Database, objects: Objects, waiting: Sequence[Message] = ()
) -> AsyncIterator[str]:
    """A line for each thing that is not as it should be; nothing when all is well.

    `waiting` are messages that have left the outbox and were not handled yet. Meant for a product
    that stands still: what is under way shows as a difference. Needs memory for the keys of the
    largest account.
    """
    async with database.reading() as connection:
        promises = await _promises(connection, waiting)
        known = await _accounts(connection)
        for account_id in known:
            async for line in _account_differences(connection, objects, account_id, promises):
                yield line
        async for line in _strangers(objects, set(known)):
            yield line
        for row in await connection.execute(select(uploads)):
            yield f"upload {row.id}: was cut off; a start removes what it left"


async def _accounts(connection: AsyncConnection) -> list[str]:
    """Ids of all that ever uploaded something; who they are is kept elsewhere."""
    columns = (usage.c.account_id, images.c.account_id, uploads.c.account_id)
    query = union(*(select(column) for column in columns))
    return sorted((await connection.execute(query)).scalars())


async def _account_differences(
    connection: AsyncConnection, objects: Objects, account_id: str, promises: Promises
) -> AsyncIterator[str]:
    stored: Stored = {}
    for prefix in (keys.originals(account_id), keys.all_variants(account_id)):
        async for batch in objects.list(prefix):
            stored.update(batch)
    made = await _variants(connection, account_id)
    count = size = 0
    rows = await connection.execute(select(images).where(images.c.account_id == account_id))
    for row in rows:
        if row.deleted_at is None:
            count, size = count + 1, size + row.size
            for line in _image_differences(row, made.get(row.id, []), stored, promises.jobs):
                yield line
        elif row.id not in promises.erasures:
            yield f"image {row.id}: is deleted and nothing is promised to erase it"
        else:
            stored = {key: n for key, n in stored.items() if keys.image_of(key) != row.id}
    for key in stored:
        yield f"object {key}: belongs to no image"
    counted = await usage_of(connection, account_id)
    if (count, size) != counted:
        yield (
            f"account {account_id}: counts {counted.images} images and {counted.bytes} bytes, "
            f"has {count} and {size}"
        )


def _image_differences(
    row: Found, made: list[Found], stored: Stored, promised: set[str]
) -> Iterator[str]:
    """Takes the image's objects out of `stored`."""
    yield from _object_differences(row.id, keys.original(row.account_id, row.id), row.size, stored)
    for variant in made:
        key = keys.variant(row.account_id, row.id, variant.fingerprint, row.sha256)
        if variant.status == "ready":
            yield from _object_differences(row.id, key, variant.size, stored)
        elif variant.status == "pending":
            stored.pop(key, None)
            if row.status != "processing":
                yield f"image {row.id}: is {row.status} and its {variant.name} still waits"
    if row.status == "processing" and row.id not in promised:
        yield f"image {row.id}: is processing and no job is promised for it"


def _object_differences(image_id: str, key: str, size: int, stored: Stored) -> Iterator[str]:
    there = stored.pop(key, None)
    if there is None:
        yield f"image {image_id}: its object {key} is missing"
    elif there != size:
        yield f"image {image_id}: its object {key} has {there} bytes and should have {size}"


async def _strangers(objects: Objects, account_ids: set[str]) -> AsyncIterator[str]:
    async for batch in objects.list(""):
        for key, _ in batch:
            if not keys.is_of_account(key, account_ids):
                yield f"object {key}: belongs to no account"


async def _variants(connection: AsyncConnection, account_id: str) -> dict[str, list[Found]]:
    query = select(variants).join(images, images.c.id == variants.c.image_id)
    found: dict[str, list[Found]] = {}
    for row in await connection.execute(query.where(images.c.account_id == account_id)):
        found.setdefault(row.image_id, []).append(row)
    return found


async def _promises(connection: AsyncConnection, waiting: Sequence[Message]) -> Promises:
    rows = await connection.execute(select(outbox))
    messages = [*waiting, *(message_of(row) for row in rows)]
    return Promises(
        jobs={m.key for m in messages if m.topic in (JOBS, OUTCOMES)},
        erasures={m.key for m in messages if m.headers.get("ce_type") == "image.deleted"},
    )


async def counts(database: Database) -> tuple[int, int]:
    """How many images and promises there are."""
    query = select(
        select(func.count()).select_from(images).scalar_subquery(),
        select(func.count()).select_from(outbox).scalar_subquery(),
    )
    async with database.reading() as connection:
        image_count, promise_count = (await connection.execute(query)).one()
    return image_count, promise_count

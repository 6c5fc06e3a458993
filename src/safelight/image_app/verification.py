"""`safelight verify`: rows, objects and promises compared, every difference named."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Table, func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Message
from safelight.image_app.accounts.queries import usage_of
from safelight.image_app.models import Found, images, outbox, renderings, uploads, usage, variants
from safelight.image_app.outbox import message_of
from safelight.image_app.promised import Promises, read
from safelight.image_app.variants.queries import fingerprints_of

Stored = dict[str, int]
"""Size of each object, by key."""


class Made(NamedTuple):
    """What there is of one image beside its original."""

    variants: list[Found]
    renderings: list[Found]


async def differences(
    database: Database, objects: Objects, waiting: Sequence[Message] = ()
) -> AsyncIterator[str]:
    """A line for each thing that is not as it should be; nothing when all is well.

    `waiting` are messages that have left the outbox and were not handled yet. Meant for a product
    that stands still: what is under way shows as a difference. Needs memory for the keys of the
    largest account.
    """
    async with database.reading() as connection:
        rows = await connection.execute(select(outbox))
        promises = read([*waiting, *(message_of(row) for row in rows)])
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
    of_variants = await _by_image(connection, variants, account_id)
    of_renderings = await _by_image(connection, renderings, account_id)
    count = size = 0
    rows = await connection.execute(select(images).where(images.c.account_id == account_id))
    for row in rows:
        if row.deleted_at is None:
            count, size = count + 1, size + row.size
            made = Made(of_variants[row.id], of_renderings[row.id])
            for line in _image_differences(row, made, stored, promises):
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


def _image_differences(row: Found, made: Made, stored: Stored, promises: Promises) -> Iterator[str]:
    """Takes the image's objects out of `stored`."""
    original = keys.original(row.account_id, row.id)
    yield from _object_differences(row.id, original, row.size, stored)
    stored.pop(original, None)
    under_way = {r.fingerprint for r in made.renderings if r.status == "pending"}
    under_way |= promises.made[row.id]
    sizes = {f.fingerprint: f.size for f in (*made.renderings, *made.variants) if _is_ready(f)}
    for fingerprint, size in sizes.items():
        key = keys.variant(row.account_id, row.id, fingerprint, row.sha256)
        if key not in stored or fingerprint not in under_way:
            yield from _object_differences(row.id, key, size, stored)
    may_be = under_way | promises.leaving[row.id] | fingerprints_of(made.variants)
    for fingerprint in may_be | {r.fingerprint for r in made.renderings}:
        stored.pop(keys.variant(row.account_id, row.id, fingerprint, row.sha256), None)
    yield from _wait_differences(row, made.variants, promises.jobs[row.id])


def _is_ready(found: Found) -> bool:
    ready: bool = found.status == "ready"
    return ready


def _wait_differences(row: Found, made: list[Found], promised: set[str]) -> Iterator[str]:
    if row.status == "processing" and not promised:
        yield f"image {row.id}: is processing and no job is promised for it"
        return
    for variant in made:
        if variant.job_id is None and variant.status != "pending":
            continue
        if row.status != "processing":
            yield f"image {row.id}: is {row.status} and its {variant.name} still waits"
        elif variant.job_id is not None and variant.job_id not in promised:
            yield f"image {row.id}: its {variant.name} waits for a job that is not promised"


def _object_differences(image_id: str, key: str, size: int, stored: Stored) -> Iterator[str]:
    there = stored.get(key)
    if there is None:
        yield f"image {image_id}: its object {key} is missing"
    elif there != size:
        yield f"image {image_id}: its object {key} has {there} bytes and should have {size}"


async def _strangers(objects: Objects, account_ids: set[str]) -> AsyncIterator[str]:
    async for batch in objects.list(""):
        for key, _ in batch:
            if not keys.is_of_account(key, account_ids):
                yield f"object {key}: belongs to no account"


async def _by_image(
    connection: AsyncConnection, table: Table, account_id: str
) -> dict[str, list[Found]]:
    query = select(table).join(images, images.c.id == table.c.image_id)
    found: dict[str, list[Found]] = defaultdict(list)
    for row in await connection.execute(query.where(images.c.account_id == account_id)):
        found[row.image_id].append(row)
    return found


async def counts(database: Database) -> tuple[int, int]:
    """How many images and promises there are."""
    query = select(
        select(func.count()).select_from(images).scalar_subquery(),
        select(func.count()).select_from(outbox).scalar_subquery(),
    )
    async with database.reading() as connection:
        image_count, promise_count = (await connection.execute(query)).one()
    return image_count, promise_count

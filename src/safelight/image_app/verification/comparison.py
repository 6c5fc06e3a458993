"""Rows, objects and promises compared, every difference named."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
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
from safelight.image_app.owners import fingerprint_of, owner_of
from safelight.image_app.promised import Promises, read
from safelight.image_app.variants.queries import fingerprints_of
from safelight.image_app.verification.difference import (
    FOREIGN,
    LOOK,
    RESTORE,
    STRANGE,
    UNKNOWN,
    Difference,
    Kind,
)
from safelight.image_app.verification.originals import sha256_of

Stored = dict[str, int]
"""Size of each object, by key."""


class Made(NamedTuple):
    """What there is of one image beside its original."""

    variants: list[Found]
    renderings: list[Found]


async def differences(
    database: Database, objects: Objects, waiting: Sequence[Message] = (), deep: bool = False
) -> AsyncIterator[Difference]:
    """Each thing that is not as it should be; nothing when all is well.

    `waiting` are messages that have left the outbox and were not handled yet; `deep` reads every
    original and compares its bytes with those that came. Meant for a product that stands still:
    what is under way shows as a difference. Needs memory for the keys of the largest account.
    Differences of one image follow each other.
    """
    async with database.reading() as connection:
        promises = await promises_of(connection, waiting)
        known = await _accounts(connection)
        for account_id in known:
            async for found in _account_differences(
                connection, objects, account_id, promises, deep
            ):
                yield found
        async for found in _strangers(objects, set(known)):
            yield found
        for row in await connection.execute(select(uploads)):
            words = "was cut off; a start removes what it left"
            yield Difference("upload", f"upload {row.id}", words, image_id=row.id)


async def promises_of(connection: AsyncConnection, waiting: Sequence[Message]) -> Promises:
    """What is still promised, here and by what waits elsewhere."""
    rows = await connection.execute(select(outbox))
    return read([*waiting, *(message_of(row) for row in rows)])


async def _accounts(connection: AsyncConnection) -> list[str]:
    """Ids of all that ever uploaded something; who they are is kept elsewhere."""
    columns = (usage.c.account_id, images.c.account_id, uploads.c.account_id)
    query = union(*(select(column) for column in columns))
    return sorted((await connection.execute(query)).scalars())


async def _account_differences(
    connection: AsyncConnection,
    objects: Objects,
    account_id: str,
    promises: Promises,
    deep: bool,
) -> AsyncIterator[Difference]:
    stored: Stored = {}
    for prefix in (keys.originals(account_id), keys.all_variants(account_id)):
        async for batch in objects.list(prefix):
            stored.update(batch)
    of_variants = await _by_image(connection, variants, account_id)
    of_renderings = await _by_image(connection, renderings, account_id)
    rows = await connection.execute(select(images).where(images.c.account_id == account_id))
    there = {row.id: row for row in rows}
    count = size = 0
    for row in there.values():
        if row.deleted_at is None:
            count, size = count + 1, size + row.size
            original = _original_difference(row, stored)
            if original is None and deep:
                original = await _other_bytes(objects, row)
            if original is not None:
                yield original
            made = Made(of_variants[row.id], of_renderings[row.id])
            for found in _image_differences(row, made, stored, promises, original is None):
                yield found
        elif row.id not in promises.erasures:
            words = "is deleted and nothing is promised to erase it"
            yield _of_image(row, "erasure", words)
    unknown = await _unknown(connection, account_id, stored, there)
    for key in sorted(stored, key=lambda key: (keys.image_of(key), key)):
        if stranger := _stranger(key, there, unknown):
            yield stranger
    counted = await usage_of(connection, account_id)
    if (count, size) != counted:
        yield Difference(
            "usage",
            f"account {account_id}",
            f"counts {counted.images} images and {counted.bytes} bytes, has {count} and {size}",
            account_id=account_id,
        )


def _of_image(row: Found, kind: Kind, words: str, remedy: str = "", key: str = "") -> Difference:
    return Difference(kind, f"image {row.id}", words, remedy, row.account_id, row.id, key)


def _original_difference(row: Found, stored: Stored) -> Difference | None:
    """Takes the original out of `stored`."""
    key = keys.original(row.account_id, row.id)
    words = _object_difference(key, row.size, stored)
    stored.pop(key, None)
    return _of_image(row, "original", words, RESTORE, key) if words else None


async def _other_bytes(objects: Objects, row: Found) -> Difference | None:
    key = keys.original(row.account_id, row.id)
    found = await sha256_of(objects, key)
    if found == row.sha256:
        return None
    words = f"its object {key} has the SHA-256 {found} and should have {row.sha256}"
    return _of_image(row, "original", words, RESTORE, key)


def _image_differences(
    row: Found, made: Made, stored: Stored, promises: Promises, whole: bool
) -> Iterator[Difference]:
    """Takes the image's objects out of `stored`. Nothing is made again of an original that is not
    `whole`.
    """
    under_way = {r.fingerprint for r in made.renderings if r.status == "pending"}
    under_way |= promises.made[row.id]
    sizes = {f.fingerprint: f.size for f in (*made.renderings, *made.variants) if _is_ready(f)}
    for fingerprint, size in sizes.items():
        key = keys.variant(row.account_id, row.id, fingerprint, row.sha256)
        may_change = key in stored and fingerprint in under_way
        if not may_change and (words := _object_difference(key, size, stored)):
            yield _of_image(row, "made", words, "" if whole else LOOK, key)
    may_be = under_way | promises.leaving[row.id] | fingerprints_of(made.variants)
    for fingerprint in may_be | {r.fingerprint for r in made.renderings}:
        stored.pop(keys.variant(row.account_id, row.id, fingerprint, row.sha256), None)
    for words in _wait_differences(row, made.variants, promises.jobs[row.id]):
        yield _of_image(row, "job", words)


def _is_ready(found: Found) -> bool:
    ready: bool = found.status == "ready"
    return ready


def _wait_differences(row: Found, made: list[Found], promised: set[str]) -> Iterator[str]:
    if row.status == "processing" and not promised:
        yield "is processing and no job is promised for it"
        return
    for variant in made:
        if variant.job_id is None and variant.status != "pending":
            continue
        if row.status != "processing":
            yield f"is {row.status} and its {variant.name} still waits"
        elif variant.job_id is not None and variant.job_id not in promised:
            yield f"its {variant.name} waits for a job that is not promised"


def _object_difference(key: str, size: int, stored: Stored) -> str:
    there = stored.get(key)
    if there is None:
        return f"its object {key} is missing"
    if there != size:
        return f"its object {key} has {there} bytes and should have {size}"
    return ""


async def _unknown(
    connection: AsyncConnection, account_id: str, stored: Stored, there: Collection[str]
) -> set[str]:
    """Ids of which no row tells, not even one of an upload, and whose original is stored all the
    same. No crash leaves such a picture, but a database that was restored from an old backup does:
    neither it nor what was made of it is ours to remove.
    """
    mine = select(uploads.c.id).where(uploads.c.account_id == account_id)
    cut_off = set((await connection.execute(mine)).scalars())
    originals = (o for key in stored if (o := owner_of(key)) and key == keys.original(*o))
    return {original.image_id for original in originals} - cut_off - set(there)


def _stranger(key: str, there: Mapping[str, Found], unknown: Collection[str]) -> Difference | None:
    """An object of the account that none of its images has; what a deleted one had goes with it."""
    owner = owner_of(key)
    image = there.get(owner.image_id) if owner else None
    if image is not None and image.deleted_at is not None:
        return None
    ours = owner is not None and (image is None or fingerprint_of(image, key) is not None)
    remedy = "" if ours else FOREIGN
    if owner and owner.image_id in unknown:
        remedy = UNKNOWN
    return Difference(
        "stranger" if ours else "foreign",
        f"object {key}",
        "belongs to no image",
        remedy,
        *(owner or ("", "")),
        key,
    )


async def _strangers(objects: Objects, account_ids: set[str]) -> AsyncIterator[Difference]:
    async for batch in objects.list(""):
        for key, _ in batch:
            if not keys.is_of_account(key, account_ids):
                words, remedy = "belongs to no account", STRANGE if owner_of(key) else FOREIGN
                yield Difference("foreign", f"object {key}", words, remedy, key=key)


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

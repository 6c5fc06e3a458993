"""`safelight verify --repair`: what differs is promised again, and nothing is ever guessed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, select

from safelight.contract.messages import Message
from safelight.image_app import clock, mends
from safelight.image_app.accounts import queries as accounts
from safelight.image_app.images import queries, upload
from safelight.image_app.models import Found, images, renderings
from safelight.image_app.owners import fingerprint_of
from safelight.image_app.promised import Promises
from safelight.image_app.resources import Resources
from safelight.image_app.verification.comparison import differences, promises_of
from safelight.image_app.verification.difference import Difference
from safelight.image_app.work import Work, begin

SWEPT = "what it left is removed"


class Mended(NamedTuple):
    """A difference and what was done about it; empty where nothing could be."""

    found: Difference
    done: str


async def repair(
    resources: Resources, waiting: Sequence[Message] = (), deep: bool = False
) -> AsyncIterator[Mended]:
    """Each difference with what is promised now; the product, once started, keeps it.

    For a product that stands still. Each image is mended in a transaction of its own, whole or
    not at all.
    """
    async with resources.database.reading() as connection:
        promises = await promises_of(connection, waiting)
    group: list[Difference] = []
    async for found in differences(resources.database, resources.objects, waiting, deep):
        if group and _subject(group[0]) != _subject(found):
            for mended in await _mend(resources, group, promises):
                yield mended
            group = []
        group.append(found)
    if group:
        for mended in await _mend(resources, group, promises):
            yield mended


def _subject(found: Difference) -> tuple[str, str, bool]:
    return found.account_id, found.image_id or found.where, found.kind == "upload"


async def _mend(
    resources: Resources, group: Sequence[Difference], promises: Promises
) -> list[Mended]:
    if group[0].kind == "upload":
        await upload.sweep(resources)
        async with resources.database.reading() as connection:
            left = {row.id for row in await queries.uploads_under_way(connection)}
        return [Mended(f, "" if f.image_id in left else SWEPT) for f in group]
    if all(found.remedy for found in group):
        return [Mended(found, "") for found in group]
    async with begin(resources) as work:
        if group[0].kind == "usage":
            return [Mended(found, await _count(work, found.account_id)) for found in group]
        image = await queries.find_any(work.connection, group[0].image_id, lock=True)
        if image is None:
            return [Mended(found, await _erase(work, found, promises)) for found in group]
        if any(found.kind == "job" for found in group):
            # All that the image waits for at once, whichever difference told of it.
            await mends.ask_again(work, image, promises.jobs[image.id], clock.now())
        gone = [f.key for f in group if f.kind == "made" and not f.remedy]
        names = await mends.make_again(work, image, {fingerprint_of(image, k) or "" for k in gone})
        return [Mended(found, await _mend_image(work, image, found, names)) for found in group]


async def _mend_image(
    work: Work, image: Found, found: Difference, made_again: Mapping[str, Sequence[str]]
) -> str:
    """What is done about a difference of an image that is there."""
    if found.remedy:
        return ""
    match found.kind:
        case "job":
            return "promised: the job again"
        case "erasure":
            await mends.erase_again(work, image, clock.now())
            return "promised: its erasure"
        case "made":
            return await _make_again(work, image, found, made_again)
    fingerprint = fingerprint_of(image, found.key) if image.account_id == found.account_id else None
    if fingerprint and await mends.erase_unwanted(work, image, fingerprint):
        return "promised: its erasure"
    return ""


async def _make_again(
    work: Work, image: Found, found: Difference, made_again: Mapping[str, Sequence[str]]
) -> str:
    """A variant is made anew; a rendering is forgotten, and made when it is next asked for."""
    fingerprint = fingerprint_of(image, found.key) or ""
    if names := made_again.get(fingerprint):
        return f"promised: {' and '.join(names)} made again"
    forgotten = await work.connection.execute(
        delete(renderings).where(
            renderings.c.image_id == image.id,
            renderings.c.fingerprint == fingerprint,
            renderings.c.status == "ready",
        )
    )
    erased = await mends.erase_unwanted(work, image, fingerprint)
    if forgotten.rowcount:
        return f"forgotten{', and promised: its erasure' * erased}; it is made when it is asked for"
    return "comes with the job that is promised for it"


async def _erase(work: Work, found: Difference, promises: Promises) -> str:
    """What is done about an object of an image that is none."""
    if found.image_id in promises.erasures:
        return "its erasure is promised"
    if await mends.erase_strangers(work, found.account_id, found.image_id):
        promises.erasures.add(found.image_id)
        return "promised: its erasure"
    return "goes with the upload that was cut off"


async def _count(work: Work, account_id: str) -> str:
    """From the rows, while nobody else counts for the account."""
    await accounts.add_usage(work.connection, account_id, 0, 0)
    query = select(func.count(), func.coalesce(func.sum(images.c.size), 0)).where(
        images.c.account_id == account_id, images.c.deleted_at.is_(None)
    )
    count, size = (await work.connection.execute(query)).one()
    used = await accounts.usage_of(work.connection, account_id)
    await accounts.add_usage(
        work.connection, account_id, count - used.images, int(size) - used.bytes
    )
    return f"set right: {count} images and {size} bytes, counted from the rows"

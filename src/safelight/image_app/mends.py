"""What was lost is promised again, within a unit of work that has locked the image."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select

from safelight.contract.messages import Event, WantedVariant, event_message
from safelight.contract.transformations import Transformation
from safelight.image_app import clock, promises
from safelight.image_app.images import queries
from safelight.image_app.models import Found, events, uploads
from safelight.image_app.variants import queries as variants
from safelight.image_app.work import Work


async def ask_again(
    work: Work, image: Found, on_their_way: Collection[str], now: datetime
) -> list[str]:
    """Promise the jobs that the image waits for, but for those on their way; ids of them.

    A job keeps its id, so whichever of the two is answered first is the answer, and the other
    moves nothing.
    """
    waiting: dict[str | None, list[Found]] = defaultdict(list)
    for row in await variants.all_of(work.connection, image.id):
        if variants.waits(row) and row.job_id not in on_their_way:
            waiting[row.job_id].append(row)
    if not waiting and not on_their_way and image.status == "processing":
        waiting[None] = []  # nobody has seen the picture yet, and no variant is left to wait
    asked = [await _ask(work, image, job_id, rows) for job_id, rows in waiting.items()]
    await queries.change(work.connection, image.id, missed_at=now)
    if asked and image.status != "processing":
        await queries.change(work.connection, image.id, **queries.WAITS)
        work.change(image.account_id)
    return asked


async def _ask(work: Work, image: Found, job_id: str | None, rows: Sequence[Found]) -> str:
    """The job for these; what has none, from an earlier release, gets one."""
    if job_id is None:
        job_id = clock.new_id()
        await variants.write(work.connection, [row._asdict() | {"job_id": job_id} for row in rows])
    await promises.promise_job(work, image._asdict(), job_id, [_wanted(row) for row in rows])
    return job_id


def _wanted(row: Found) -> WantedVariant:
    coming = row.replacement or row._asdict()
    transformation = Transformation.model_validate(coming["transformation"])
    return WantedVariant(name=row.name, transformation=transformation)


async def make_again(
    work: Work, image: Found, fingerprints: Collection[str]
) -> dict[str, list[str]]:
    """Have the ready variants of these fingerprints made anew as they are; their names, by
    fingerprint.

    A variant that waits for something else comes to that by itself.
    """
    rows = [
        row
        for row in await variants.all_of(work.connection, image.id)
        if row.fingerprint in fingerprints and row.status == "ready" and not variants.waits(row)
    ]
    if not rows:
        return {}
    job_id = clock.new_id()
    how = ("fingerprint", "transformation", "preset_version")
    again = [
        row._asdict() | {"job_id": job_id, "replacement": {n: getattr(row, n) for n in how}}
        for row in rows
    ]
    await variants.write(work.connection, again)
    await promises.promise_job(work, image._asdict(), job_id, [_wanted(row) for row in rows])
    await queries.change(work.connection, image.id, **queries.WAITS)
    work.change(image.account_id)
    names: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        names[row.fingerprint].append(row.name)
    return names


async def erase_again(work: Work, tombstone: Found, now: datetime) -> None:
    """The promise that its deletion made, with the same id: whoever heard it knows it."""
    query = (
        select(events)
        .where(events.c.image_id == tombstone.id, events.c.type == "image.deleted")
        .order_by(events.c.id.desc())
        .limit(1)
    )
    told = (await work.connection.execute(query)).one_or_none()
    if told is None:
        promises.promise_erasure_of_all(work, tombstone.account_id, tombstone.id)
    else:
        event = Event(
            id=told.id, type=told.type, subject=tombstone.id, time=told.time, data=told.data
        )
        work.promise(event_message(event))
    await queries.change(work.connection, tombstone.id, missed_at=now)


async def erase_strangers(work: Work, account_id: str, image_id: str) -> bool:
    """Promise to erase the objects of an image that is none; whether it is so.

    An upload notes its id before there is an object, and ends the note in the transaction that
    writes the image: where there is neither, this id never becomes an image.
    """
    upload = select(uploads.c.id).where(uploads.c.id == image_id)
    if (await work.connection.execute(upload)).first() is not None:
        return False
    if await queries.find_any(work.connection, image_id) is not None:
        return False
    promises.promise_erasure_of_all(work, account_id, image_id)
    return True


async def erase_unwanted(work: Work, image: Found, fingerprint: str) -> bool:
    """Promise to erase what was made by a fingerprint that nothing refers to; whether it is so."""
    if await variants.is_referred_to(work.connection, image.id, fingerprint):
        return False
    promises.promise_erasure(work, image, fingerprint, fingerprint)
    return True

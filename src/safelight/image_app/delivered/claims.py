"""Who makes which rendering: a row in `renderings` is there before the object and goes with it,
so that a crash anywhere leaves a pending row, which the next request takes over, or a sweep
removes with whatever object there is.
"""

import asyncio
import time
from datetime import timedelta
from typing import TypeGuard

import structlog

from safelight.backends.rendering import Rendered
from safelight.contract import keys
from safelight.contract.messages import Fault
from safelight.image_app import clock, errors
from safelight.image_app.delivered import queries
from safelight.image_app.images import queries as images
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources
from safelight.image_app.variants import queries as variants
from safelight.image_app.work import Work, begin

PATIENCE = 20.0
"""Seconds that a request waits for what another process makes."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.2
LOOK_AGAIN = 1.0
"""Seconds after which a waiting one asks whether the other process still lives."""
FAILED_FOR = timedelta(seconds=60)
"""What could not be made is not tried again so soon."""

log = structlog.get_logger()


def is_settled(row: Found | None) -> TypeGuard[Found]:
    """Whether the work is done, or has failed so recently that it is not tried again."""
    if row is None or row.status == "pending":
        return False
    given_up: bool = row.status == "failed" and clock.now() - row.started_at >= FAILED_FOR
    return not given_up


async def claim(resources: Resources, image_id: str, fingerprint: str) -> Found | None:
    """None once it is noted that this process makes it, or the row of one that has settled it.

    Raises `image-not-found`, and `variant-not-ready` when another process takes too long.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        async with begin(resources) as work:
            row = await _try_claim(resources, work, image_id, fingerprint)
        if row is None or is_settled(row):
            return row
        if time.monotonic() > deadline:
            raise errors.VARIANT_NOT_READY()
        await _wait(resources, image_id, fingerprint)


async def _try_claim(
    resources: Resources, work: Work, image_id: str, fingerprint: str
) -> Found | None:
    """The row of somebody who has settled it or still lives; None for a row of ours.

    Holds the image, so that no two claim at once and none claims what is being deleted.
    """
    image = await images.find_any(work.connection, image_id, lock=True)
    if image is None or image.deleted_at is not None:
        raise errors.IMAGE_NOT_FOUND()
    row = await queries.rendering(work.connection, image_id, fingerprint)
    if row is not None:
        is_held = row.status == "pending" and await _is_held(resources, work, row)
        if is_held or is_settled(row):
            return row
    await queries.begin_rendering(
        work.connection, image_id, fingerprint, resources.member, clock.now(), row is not None
    )
    return None


async def _is_held(resources: Resources, work: Work, row: Found) -> bool:
    """Whether another process that lives makes it. What this one makes is in `rendering`."""
    others = resources.member is not None and row.holder not in (None, resources.member)
    return others and await images.is_alive(work.connection, row.holder)


async def _wait(resources: Resources, image_id: str, fingerprint: str) -> None:
    """Until the other process has finished, or it is time to see whether it lives."""
    pause, until = FIRST_PAUSE, time.monotonic() + LOOK_AGAIN
    while time.monotonic() < until:
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
        async with resources.database.reading() as connection:
            row = await queries.rendering(connection, image_id, fingerprint)
        if row is None or row.status != "pending":
            return


async def finish(resources: Resources, image: Found, fingerprint: str, picture: Rendered) -> None:
    """The object is there; raises `image-not-found` when the image went meanwhile."""
    async with begin(resources) as work:
        there = await images.find_any(work.connection, image.id, lock=True)
        if there is None or there.deleted_at is not None:
            raise errors.IMAGE_NOT_FOUND()
        measured = {name: getattr(picture, name) for name in variants.MEASURED}
        kept = await queries.end_rendering(
            work.connection, image.id, fingerprint, status="ready", **measured
        )
        # A variant that a job made meanwhile is now this object.
        made = {"fingerprint": fingerprint, **measured}
        await variants.remeasure(work.connection, image.id, [made])
        rows = await variants.all_of(work.connection, image.id)
        if fingerprint in variants.fingerprints_of(rows):
            work.change(image.account_id)
        if not kept:  # somebody took this process for dead, and swept
            raise errors.VARIANT_NOT_READY()


async def fail(resources: Resources, image_id: str, fingerprint: str, fault: Fault) -> None:
    async with begin(resources) as work:
        await queries.end_rendering(
            work.connection,
            image_id,
            fingerprint,
            status="failed",
            error_code=fault.code,
            error_detail=fault.detail,
        )


async def undo(resources: Resources, image: Found, fingerprint: str) -> None:
    """Leave nothing of what came to nothing, or all of it to the next request or sweep."""
    try:
        async with begin(resources) as work:
            await _remove(resources, work, image, fingerprint, resources.member)
    except Exception as error:
        # What is wrong was raised already, and this row is seen to later.
        log.warning("a rendering is left behind", image_id=image.id, reason=str(error))


async def _remove(
    resources: Resources, work: Work, image: Found, fingerprint: str, holder: int | None
) -> bool:
    """A pending row of this holder goes, and with it an object that nothing refers to any more,
    while the image is held, so that a failure here leaves both. Whether there was such a row.
    """
    await images.find_any(work.connection, image.id, lock=True)
    dropped = await queries.drop_pending(work.connection, image.id, fingerprint, holder)
    if not await variants.is_referred_to(work.connection, image.id, fingerprint):
        await resources.objects.delete(key(image, fingerprint))
    return dropped


def key(image: Found, fingerprint: str) -> str:
    """Where the result is kept; `image` has `id`, `account_id` and `sha256`."""
    return keys.variant(image.account_id, image.id, fingerprint, image.sha256)


async def sweep(resources: Resources) -> None:
    """Remove what renderings left behind that nobody is busy with any more."""
    async with resources.database.reading() as connection:
        pending = await queries.pending(connection)
    for row in pending:
        async with begin(resources) as work:
            await images.find_any(work.connection, row.id, lock=True)  # so that none is begun now
            is_ours = (row.id, row.fingerprint) in resources.rendering
            if is_ours or await _is_held(resources, work, row):
                continue
            removed = await _remove(resources, work, row, row.fingerprint, row.holder)
        if removed:
            log.info("removed what a broken rendering left", image_id=row.id)

"""Results of transformations: made when first asked for, once for all who ask, and kept.

`claims` has the rows, this the work.
"""

import asyncio
import time
from dataclasses import dataclass

import structlog

from safelight.backends.rendering import RendererBusy, RenderRefused
from safelight.contract.messages import Job, WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_app import clock, errors, overlays
from safelight.image_app.delivered import claims, queries
from safelight.image_app.models import Found
from safelight.image_app.rates import Taken
from safelight.image_app.resources import Resources

LIMIT = "render"
"""The limit that counts them, by account."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Made:
    """An object that is there; `taken` when it was made just now."""

    fingerprint: str
    content_type: str
    size: int
    taken: Taken | None = None


async def made(resources: Resources, image: Found, wanted: Transformation) -> Made:
    """The result, found or made now. `image` is a row of `queries.find`; `wanted` has no `auto`.

    Raises `variant-failed`, `variant-not-ready`, `image-not-found`, `too-many-requests`,
    `queue-full`, RendererUnavailable, StoreUnavailable.
    """
    fingerprint = wanted.fingerprint()
    async with resources.database.reading() as connection:
        row = await queries.made(connection, image.id, fingerprint)
    if claims.is_settled(row):
        return _finished(row, fingerprint)

    async def make() -> Made:
        resources.rendering.add((image.id, fingerprint))
        try:
            return await _make(resources, image, wanted, row is None)
        finally:
            resources.rendering.discard((image.id, fingerprint))

    made: Made = await resources.flights.once((image.id, fingerprint), make)
    return made


async def _make(resources: Resources, image: Found, wanted: Transformation, new: bool) -> Made:
    if new and not (asked := await resources.rates.look(LIMIT, image.account_id)).allowed:
        raise asked.refusal()  # so that what is refused writes nothing
    fingerprint = wanted.fingerprint()
    row = await claims.claim(resources, image.id, fingerprint)
    if row is not None:
        return _finished(row, fingerprint)
    try:
        taken = await _count(resources, image.account_id)
        return await _render(resources, image, wanted, taken)
    except RenderRefused as refusal:
        await claims.fail(resources, image.id, fingerprint, refusal.fault)
        raise errors.VARIANT_FAILED(refusal.fault.detail) from None
    except BaseException as failure:
        await asyncio.shield(claims.undo(resources, image, fingerprint))
        if isinstance(failure, RendererBusy):
            raise errors.QUEUE_FULL() from None
        raise


async def _count(resources: Resources, account_id: str) -> Taken:
    taken = await resources.rates.take(LIMIT, account_id)
    if not taken.allowed:
        raise taken.refusal()
    return taken


def _finished(row: Found, fingerprint: str) -> Made:
    """What a settled row says of the work; raises `variant-failed`."""
    if row.status == "failed":
        raise errors.VARIANT_FAILED(row.error_detail or "")
    return Made(fingerprint, row.content_type, row.size)


async def _render(resources: Resources, image: Found, wanted: Transformation, taken: Taken) -> Made:
    started = time.perf_counter()
    fingerprint = wanted.fingerprint()
    async with resources.database.reading() as connection:
        named = await overlays.overlays_of(connection, image.account_id, [wanted])
    job = Job(
        id=clock.new_id(),
        account_id=image.account_id,
        image_id=image.id,
        content_type=image.content_type,
        size=image.size,
        sha256=image.sha256,
        variants=[WantedVariant(name=fingerprint, transformation=wanted)],
        overlays=named,
    )
    async with resources.renderer.rendered(job) as picture:
        await resources.objects.put(claims.key(image, fingerprint), picture.chunks)
    await claims.finish(resources, image, fingerprint, picture)
    ms = round((time.perf_counter() - started) * 1000)
    log.info("rendered", image_id=image.id, fingerprint=fingerprint, size=picture.size, ms=ms)
    return Made(fingerprint, picture.content_type, picture.size, taken)

"""An upload from request to promise: nothing is left of one that fails, nothing lost of one
that was answered.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import Request

from safelight.contract import keys
from safelight.contract.messages import WantedVariant
from safelight.image_app import clock, errors, metrics, promises
from safelight.image_app.accounts import queries as accounts
from safelight.image_app.images import intake, queries
from safelight.image_app.images.intake import Received
from safelight.image_app.presets import service as presets
from safelight.image_app.presets.service import Known
from safelight.image_app.resources import Resources
from safelight.image_app.work import Work, begin

log = structlog.get_logger()


async def admit(resources: Resources, account_id: str) -> None:
    """Refuse before the body is read: no such account, `quota-exceeded`, `queue-full`."""
    rules = resources.rules
    if await resources.accounts.find(account_id) is None:
        raise errors.UNAUTHENTICATED()
    async with resources.database.reading() as connection:
        used = await accounts.usage_of(connection, account_id)
        waiting = await queries.unfinished(connection, rules.queue_limit)
    if used.images >= rules.quota_images or used.bytes >= rules.quota_bytes:
        raise errors.QUOTA_EXCEEDED()
    if waiting >= rules.queue_limit:
        raise errors.QUEUE_FULL()


async def take_in(resources: Resources, account_id: str, request: Request) -> str:
    """Store the file, write the rows, promise the work; returns the image's id."""
    image_id = clock.new_id()
    key = keys.original(account_id, image_id)
    resources.uploading.add(image_id)
    try:
        async with begin(resources) as work:
            await queries.begin_upload(
                work.connection, image_id, account_id, clock.now(), resources.member
            )
            known = await presets.known_presets(work.connection, account_id)
        received = await intake.receive(request, resources.objects, key, resources.rules, known)
        wanted = presets.chosen(known, received.fields.presets)
        async with begin(resources) as work:
            await _write(resources, work, _image_row(account_id, image_id, received), wanted)
    except BaseException:
        await asyncio.shield(_undo(resources, image_id, account_id))
        raise
    finally:
        resources.uploading.discard(image_id)
    metrics.UPLOADS.inc()
    metrics.UPLOADED_BYTES.inc(received.size)
    return image_id


async def sweep(resources: Resources) -> None:
    """Remove what uploads left behind that nobody is busy with any more."""
    async with resources.database.reading() as connection:
        under_way = await queries.uploads_under_way(connection)
    for row in under_way:
        others = row.holder if row.holder != resources.member else None
        if row.id not in resources.uploading and await _undo(
            resources, row.id, row.account_id, others
        ):
            log.info("removed what a broken upload left", image_id=row.id)


async def _undo(
    resources: Resources, image_id: str, account_id: str, holder: int | None = None
) -> bool:
    """End an upload that became no image, unless another process holds it and lives.

    The object goes while the row is locked, so that a failure here leaves both to the next sweep,
    and whoever wants to make an image of it meanwhile waits and then finds it ended.
    """
    async with begin(resources) as work:
        if holder is not None and await queries.is_alive(work.connection, holder):
            return False
        await queries.end_upload(work.connection, image_id)
        if await queries.find_any(work.connection, image_id) is None:
            await resources.objects.delete(keys.original(account_id, image_id))
    return True


async def _write(
    resources: Resources, work: Work, image: dict[str, Any], wanted: Sequence[Known]
) -> None:
    account_id, image_id = image["account_id"], image["id"]
    if not await queries.end_upload(work.connection, image_id):
        raise errors.SERVICE_UNAVAILABLE("The upload took too long; send it again.")
    await _charge(resources, work, account_id, image["size"])
    job_id = clock.new_id()
    made = [_variant_row(image_id, job_id, preset) for preset in wanted]
    await queries.insert(work.connection, image, made)
    await work.tell("image.uploaded", account_id, image_id, {"name": image["name"]})
    variants = [WantedVariant(name=p.name, transformation=p.transformation) for p in wanted]
    await promises.promise_job(work, image, job_id, variants)
    work.change(account_id)


async def _charge(resources: Resources, work: Work, account_id: str, size: int) -> None:
    """Count the picture in; the quota is checked on what the count then is, so no race passes."""
    used = await accounts.add_usage(work.connection, account_id, 1, size)
    rules = resources.rules
    if used.images > rules.quota_images or used.bytes > rules.quota_bytes:
        raise errors.QUOTA_EXCEEDED()


def _image_row(account_id: str, image_id: str, received: Received) -> dict[str, Any]:
    now = clock.now()
    width, height = received.sides or (None, None)
    return {
        "id": image_id,
        "account_id": account_id,
        "name": received.name,
        "description": received.fields.description,
        "tags": received.fields.tags,
        "visibility": received.fields.visibility,
        "status": "processing",
        "version": 1,
        "content_type": received.content_type,
        "size": received.size,
        "sha256": received.sha256,
        "width": width,
        "height": height,
        "created_at": now,
        "updated_at": now,
    }


def _variant_row(image_id: str, job_id: str, preset: Known) -> dict[str, Any]:
    return {
        "image_id": image_id,
        "name": preset.name,
        "position": presets.place_of(preset.name),
        "transformation": preset.transformation.model_dump(mode="json"),
        "preset_version": preset.version,
        "job_id": job_id,
        "fingerprint": preset.transformation.fingerprint(),
        "status": "pending",
    }

"""An upload from request to promise: nothing is left of one that fails, nothing lost of one
that was answered.
"""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import structlog
from fastapi import Request

from safelight.contract import keys
from safelight.contract.messages import WantedVariant
from safelight.image_app import clock, errors, metrics, promises
from safelight.image_app.accounts import queries as accounts
from safelight.image_app.images import intake, key_queries, queries, repeats, views
from safelight.image_app.images.intake import Received
from safelight.image_app.images.service import Reply, reply_with
from safelight.image_app.models import Found, images, variants
from safelight.image_app.presets import service as presets
from safelight.image_app.presets.service import Known
from safelight.image_app.resources import Resources, Rules
from safelight.image_app.work import Work, begin

log = structlog.get_logger()


async def admit(resources: Resources, account_id: str) -> None:
    """Refuse an account that is there before its body is read: `quota-exceeded`, `queue-full`."""
    rules = resources.rules
    async with resources.database.reading() as connection:
        load = await queries.load_of(connection, account_id, rules.queue_limit)
    _require_room(rules, load.images + 1, load.bytes + 1)
    if load.waiting >= rules.queue_limit:
        raise errors.QUEUE_FULL()


async def accept(
    resources: Resources, account_id: str, request: Request, key: str | None
) -> tuple[str, Reply]:
    """The upload's image and its answer; with a key, those of the first upload that had it.

    Raises what `admit`, a turn, `take_in` and `repeats.require_same` raise.
    """
    first = await repeats.first_answer(resources, account_id, key) if key else None
    if first is None:
        await admit(resources, account_id)
    async with resources.turns.turn(account_id):
        if first is None:
            return await take_in(resources, account_id, request, key)
        return await _answer_again(resources, request, first)


async def take_in(
    resources: Resources, account_id: str, request: Request, key: str | None = None
) -> tuple[str, Reply]:
    """Store the file, write the rows, promise the work; the image's id, and what to answer.

    Of several with one key the first is taken in; raises `idempotency-key-in-use` while it lasts.
    """
    image_id = clock.new_id()
    place = keys.original(account_id, image_id)
    resources.uploading.add(image_id)
    # Written down while the body comes: it has to be there before the object is.
    beginning = asyncio.create_task(_begin(resources, image_id, account_id, key))

    async def known() -> dict[str, Known]:
        return (await beginning)[0]

    try:
        if key and (first := (await beginning)[1]) is not None:
            return await _answer_again(resources, request, first)
        received = await intake.receive(request, resources.objects, place, resources.rules, known)
        wanted = presets.chosen(await known(), received.fields.presets)
        async with begin(resources) as work:
            image = _image_row(account_id, image_id, received)
            made = await _write(resources, work, image, wanted)
            reply = _answer(resources, image, made)
            if key:
                await key_queries.keep(
                    work.connection,
                    account_id,
                    key,
                    image_id,
                    received.digest,
                    reply.body,
                    reply.etag,
                    clock.now(),
                )
    except BaseException:
        await asyncio.shield(_give_up(resources, image_id, account_id, beginning))
        raise
    finally:
        resources.uploading.discard(image_id)
    metrics.UPLOADS.inc()
    metrics.UPLOADED_BYTES.inc(received.size)
    return image_id, reply


async def _give_up(
    resources: Resources, image_id: str, account_id: str, beginning: asyncio.Task[Any]
) -> None:
    await asyncio.gather(beginning, return_exceptions=True)
    await _undo(resources, image_id, account_id)


async def _answer_again(resources: Resources, request: Request, first: Found) -> tuple[str, Reply]:
    await repeats.require_same(request, resources.rules, first)
    return first.image_id, Reply(first.body, first.etag)


async def _begin(
    resources: Resources, image_id: str, account_id: str, key: str | None
) -> tuple[dict[str, Known], Found | None]:
    """Note that the upload is under way: what it may ask for, or what was answered before."""
    while True:
        async with begin(resources) as work:
            if await queries.begin_upload(
                work.connection, image_id, account_id, clock.now(), resources.member, key
            ):
                # Whoever had the key has ended by now.
                first = await repeats.answered(work.connection, account_id, key)
                if first is not None:
                    await queries.end_upload(work.connection, image_id)
                return await presets.known_presets(work.connection, account_id), first
            other = await key_queries.under_way(work.connection, account_id, key or "")
        if other is not None and not await _is_left(resources, other):
            raise errors.IDEMPOTENCY_KEY_IN_USE()


async def sweep(resources: Resources) -> None:
    """Remove what uploads left behind that nobody is busy with any more."""
    async with resources.database.reading() as connection:
        under_way = await queries.uploads_under_way(connection)
    for row in under_way:
        await _is_left(resources, row)


async def _is_left(resources: Resources, row: Found) -> bool:
    """Whether nobody was busy with the upload any more, whose rest is then gone."""
    others = row.holder if row.holder != resources.member else None
    if row.id in resources.uploading or not await _undo(resources, row.id, row.account_id, others):
        return False
    log.info("removed what a broken upload left", image_id=row.id)
    return True


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
) -> list[dict[str, Any]]:
    """Returns the variants that it wrote."""
    account_id, image_id = image["account_id"], image["id"]
    if not await queries.end_upload(work.connection, image_id):
        raise errors.SERVICE_UNAVAILABLE("The upload took too long; send it again.")
    await _charge(resources, work, account_id, image["size"])
    job_id = clock.new_id()
    made = [_variant_row(image_id, job_id, preset) for preset in wanted]
    await queries.insert(work.connection, image, made)
    await work.tell("image.uploaded", account_id, image_id, {"name": image["name"]})
    jobs = [WantedVariant(name=p.name, transformation=p.transformation) for p in wanted]
    await promises.promise_job(work, image, job_id, jobs)
    work.change(account_id)
    return made


def _answer(resources: Resources, image: dict[str, Any], made: list[dict[str, Any]]) -> Reply:
    """What whoever reads the rows will see: others who write wait, so nothing is read again."""
    row: Any = SimpleNamespace(**dict.fromkeys(images.c.keys()) | image)
    rows: list[Any] = [SimpleNamespace(**dict.fromkeys(variants.c.keys()) | one) for one in made]
    image = views.image_of(row.id, row.account_id, row, rows, resources.links, clock.now())
    return reply_with(image)


async def _charge(resources: Resources, work: Work, account_id: str, size: int) -> None:
    """Count the picture in; the quota is checked on what the count then is, so no race passes,
    and neither does one with the deletion of the account.
    """
    used = await accounts.add_usage(work.connection, account_id, 1, size)
    if await accounts.is_closed(work.connection, account_id):
        raise errors.UNAUTHENTICATED()
    _require_room(resources.rules, used.images, used.bytes)


def _require_room(rules: Rules, images: int, size: int) -> None:
    """Raise `quota-exceeded` where an account would have so much, and that is too much."""
    if images > rules.quota_images:
        raise errors.QUOTA_EXCEEDED(f"The account may keep {rules.quota_images} images.")
    if size > rules.quota_bytes:
        raise errors.QUOTA_EXCEEDED(f"The account may keep {rules.quota_bytes} bytes.")


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

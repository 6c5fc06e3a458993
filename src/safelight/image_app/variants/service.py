"""Having variants made, made anew, and deleted."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from safelight.contract import geometry
from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_app import clock, errors, overlays, promises
from safelight.image_app.errors import FieldError
from safelight.image_app.images import queries as images
from safelight.image_app.images.service import Reply, reply_of
from safelight.image_app.models import Found
from safelight.image_app.presets import service as presets
from safelight.image_app.presets.service import Known
from safelight.image_app.resources import Resources
from safelight.image_app.variants import queries
from safelight.image_app.variants.schemas import NewVariant, Reprocessing
from safelight.image_app.work import Work, begin

MOST = 100
"""Variants of an image to which another may be added."""
EMPTY = dict.fromkeys((*queries.MEASURED, "error_code", "error_detail"))
"""What is not known of a variant until it is made."""


class Wanted(NamedTuple):
    """A variant to make, or to make anew; without a version it is no preset's."""

    name: str
    transformation: Transformation
    preset_version: int | None


async def require_image(resources: Resources, account_id: str, image_id: str) -> None:
    """Raises `image-not-found` before a body is read."""
    async with resources.database.reading() as connection:
        if await images.find(connection, image_id, account_id) is None:
            raise errors.IMAGE_NOT_FOUND()


async def add_variant(
    resources: Resources, account_id: str, image_id: str, wanted: NewVariant
) -> Reply:
    """Have a variant made that no preset makes.

    Raises `image-not-found`, `variant-exists`, `validation-failed`, `quota-exceeded`,
    `queue-full`.
    """
    await _require_room(resources)
    async with begin(resources) as work:
        image = await _locked(work, account_id, image_id)
        rows = await queries.all_of(work.connection, image_id)
        if any(row.name == wanted.name for row in rows):
            raise errors.VARIANT_EXISTS()
        await _require_free_name(work, account_id, wanted.name)
        await overlays.require_watermark(work.connection, account_id, wanted.transformation)
        _require_possible(image, wanted.transformation)
        if len(rows) >= MOST:
            raise errors.QUOTA_EXCEEDED(f"The image has {len(rows)} variants, as many as it may.")
        await _make(work, image, rows, [Wanted(wanted.name, wanted.transformation, None)])
        return await reply_of(resources, work.connection, account_id, image_id)


async def reprocess(
    resources: Resources, account_id: str, image_id: str, asked: Reprocessing
) -> Reply:
    """Have the variants of these presets made anew, or all; what is there stays until then.

    Raises `image-not-found`, `unknown-preset`, `queue-full`.
    """
    await _require_room(resources)
    async with begin(resources) as work:
        image = await _locked(work, account_id, image_id)
        rows = await queries.all_of(work.connection, image_id)
        known = await presets.known_presets(work.connection, account_id)
        if asked.presets or not rows:
            wanted = [_of_preset(preset) for preset in presets.chosen(known, asked.presets or ())]
        else:
            wanted = [_again(row, known) for row in rows]
        await _make(work, image, rows, wanted)
        return await reply_of(resources, work.connection, account_id, image_id)


async def delete_variant(resources: Resources, account_id: str, image_id: str, name: str) -> None:
    """Gone at once; its bytes go with the promise, and what is just made of it when it comes.

    Raises `image-not-found`, `variant-not-found`.
    """
    async with begin(resources) as work:
        image = await _locked(work, account_id, image_id)
        rows = {row.name: row for row in await queries.all_of(work.connection, image_id)}
        if name not in rows:
            raise errors.VARIANT_NOT_FOUND()
        row = rows.pop(name)
        await queries.remove(work.connection, image_id, name)
        data = promises.told(image, name, row.fingerprint)
        await work.tell("variant.deleted", account_id, image_id, data)
        if _waited_for_nothing_else(image, row, list(rows.values())):
            await images.change(work.connection, image_id, status="ready", updated_at=clock.now())
            await work.tell("image.ready", account_id, image_id, {})
        else:
            await images.change(work.connection, image_id, updated_at=clock.now())
        work.change(account_id)


def _waited_for_nothing_else(image: Found, gone: Found, rows: Sequence[Found]) -> bool:
    """Whether the image is ready now. One that no processor has seen yet waits for that."""
    seen = image.status == "processing" and image.placeholder is not None
    return seen and queries.waits(gone) and not any(queries.waits(row) for row in rows)


async def _require_room(resources: Resources) -> None:
    limit = resources.rules.queue_limit
    async with resources.database.reading() as connection:
        if await images.unfinished(connection, limit) >= limit:
            raise errors.QUEUE_FULL()


async def _locked(work: Work, account_id: str, image_id: str) -> Found:
    image = await images.find(work.connection, image_id, account_id, lock=True)
    if image is None:
        raise errors.IMAGE_NOT_FOUND()
    return image


async def _require_free_name(work: Work, account_id: str, name: str) -> None:
    """What bears a preset's name is made by the preset."""
    if name in await presets.known_presets(work.connection, account_id):
        words = f'names a preset: have it made by reprocess with {{"presets": ["{name}"]}}'
        raise errors.VALIDATION_FAILED(errors=[FieldError("name", words)])


def _require_possible(image: Found, wanted: Transformation) -> None:
    """Refuse what can't be done to a picture of these sides, as far as they are known.

    Until a processor has looked, and where orientation is not applied, width and height may have
    to be swapped: then only what is wrong either way is refused.
    """
    if not image.width or not image.height:
        return
    fault = geometry.fault((image.width, image.height), wanted)
    sure = image.placeholder is not None and wanted.auto_orient
    if fault and (sure or geometry.fault((image.height, image.width), wanted)):
        option, words = fault
        raise errors.VALIDATION_FAILED(errors=[FieldError(f"transformation.{option}", words)])


def _of_preset(preset: Known) -> Wanted:
    return Wanted(preset.name, preset.transformation, preset.version)


def _again(row: Found, known: Mapping[str, Known]) -> Wanted:
    """By the preset's present version; what has no preset, or no longer, by what it has."""
    if row.preset_version is not None and row.name in known:
        return _of_preset(known[row.name])
    coming = row.replacement or row._asdict()
    transformation = Transformation.model_validate(coming["transformation"])
    return Wanted(row.name, transformation, coming["preset_version"])


async def _make(work: Work, image: Found, rows: Sequence[Found], wanted: Sequence[Wanted]) -> None:
    """Promise the job, and let the variants await it. What is awaited as it is wanted is under
    way, so who asks a hundred times has it made once.
    """
    there = {row.name: row for row in rows}
    wanted = [w for w in wanted if not _is_under_way(there.get(w.name), w)]
    if not wanted:
        return
    job_id = clock.new_id()
    new = [_new(image.id, job_id, w) for w in wanted if w.name not in there]
    await queries.insert(work.connection, new)
    again = [_remade(there[w.name], job_id, w) for w in wanted if w.name in there]
    await queries.write(work.connection, again)
    for row in again:
        old = there[row["name"]].fingerprint
        if old != row["fingerprint"]:  # a try that failed may have left an object
            promises.promise_erasure(work, image, row["name"], old)
    await images.change(work.connection, image.id, **images.WAITS, updated_at=clock.now())
    variants = [WantedVariant(name=w.name, transformation=w.transformation) for w in wanted]
    await promises.promise_job(work, image._asdict(), job_id, variants)
    work.change(image.account_id)


def _is_under_way(row: Found | None, wanted: Wanted) -> bool:
    if (
        row is None
        or row.job_id is None
        or clock.now() - clock.made_at(row.job_id) > promises.LOST_AFTER
    ):
        return False
    coming = row.replacement or row._asdict()
    return (coming["fingerprint"], coming["preset_version"]) == (
        wanted.transformation.fingerprint(),
        wanted.preset_version,
    )


def _how(wanted: Wanted) -> dict[str, Any]:
    return {
        "fingerprint": wanted.transformation.fingerprint(),
        "transformation": wanted.transformation.model_dump(mode="json"),
        "preset_version": wanted.preset_version,
    }


def _new(image_id: str, job_id: str, wanted: Wanted) -> dict[str, Any]:
    return _how(wanted) | {
        "image_id": image_id,
        "name": wanted.name,
        "position": presets.place_of(wanted.name),
        "status": "pending",
        "job_id": job_id,
    }


def _remade(row: Found, job_id: str, wanted: Wanted) -> dict[str, Any]:
    """What is ready stays reachable as it is until its replacement is made."""
    if row.status == "ready":
        return row._asdict() | {"job_id": job_id, "replacement": _how(wanted)}
    waiting = {"status": "pending", "job_id": job_id, "replacement": None}
    return row._asdict() | _how(wanted) | EMPTY | waiting

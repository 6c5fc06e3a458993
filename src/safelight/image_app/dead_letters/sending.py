"""Sending a letter again: it goes, and its promise is made anew, in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import EVENTS, JOBS, OUTCOMES, Event, Job, Outcome
from safelight.image_app import clock
from safelight.image_app.dead_letters import letters
from safelight.image_app.dead_letters.letters import Letter
from safelight.image_app.images import queries
from safelight.image_app.models import Found
from safelight.image_app.presets import service as presets
from safelight.image_app.presets.service import Known
from safelight.image_app.resources import Resources
from safelight.image_app.variants import queries as variants
from safelight.image_app.work import Work, begin

DROPS = "; drop it with `safelight dead-letters drop`"
MODELS: Mapping[str, type[Job] | type[Outcome] | type[Event]] = {
    JOBS: Job,
    OUTCOMES: Outcome,
    EVENTS: Event,
}


class Plan(NamedTuple):
    """What sending a letter does, in words: it is sent, is pointless and goes, or is refused."""

    verdict: Literal["sent", "pointless", "refused"]
    words: str
    image: Found | None = None
    rows: Sequence[dict[str, Any]] = ()
    """The variants that await its job again."""


async def send(resources: Resources, id_: int) -> Plan | None:
    """Send the letter again, or drop it where that is pointless; None when it is none.

    The variants that failed with it await its job again, since an outcome that no row awaits
    moves nothing. A refused one stays as it is.
    """
    async with begin(resources) as work:
        letter = await letters.find(work.connection, id_, lock=True)
        if letter is None:
            return None
        plan = await plan_for(work.connection, resources.objects, letter)
        if plan.verdict == "refused":
            return plan
        await letters.remove(work.connection, id_)
        if plan.verdict == "sent":
            if plan.image is not None:
                await _await_again(work, plan.image, plan.rows)
            work.promise(letter.message())
    return plan


async def plan_for(connection: AsyncConnection, objects: Objects, letter: Letter) -> Plan:
    """What would happen now; the image stays locked until the transaction ends."""
    model = MODELS.get(letter.topic)
    if model is None:
        return Plan("refused", f"it says of no topic of ours that it was for it{DROPS}")
    try:
        body = model.model_validate_json(letter.body)
    except ValidationError as error:
        return Plan("refused", f"it is no {model.__name__}: {error.error_count()} errors{DROPS}")
    if isinstance(body, Event):
        return Plan("sent", f"the event {body.type} is told again on {letter.topic}")
    if body.image_id != letter.key or not keys.is_id(body.image_id):
        return Plan("refused", f"it names no image of ours{DROPS}")
    image = await queries.find_any(connection, body.image_id, lock=True)
    if image is None or image.deleted_at is not None or image.account_id != body.account_id:
        return Plan("pointless", "its image is deleted")
    if isinstance(body, Job):
        return await _plan_for_job(connection, image, body, letter)
    return await _plan_for_outcome(connection, objects, image, body, letter)


async def _plan_for_job(
    connection: AsyncConnection, image: Found, job: Job, letter: Letter
) -> Plan:
    known = await presets.known_presets(connection, image.account_id)
    rows = {row.name: row for row in await variants.all_of(connection, image.id)}
    again = []
    for wanted in job.variants:
        if row := rows.get(wanted.name):
            fingerprint = wanted.transformation.fingerprint()
            again += _awaiting(row, fingerprint, job.id, known.get(wanted.name))
    return _plan(image, again, rows, letter)


async def _plan_for_outcome(
    connection: AsyncConnection, objects: Objects, image: Found, outcome: Outcome, letter: Letter
) -> Plan:
    """What it tells of has to be there still: that may have gone when it was given up."""
    rows = {row.name: row for row in await variants.all_of(connection, image.id)}
    told = {(v.name, v.fingerprint): v for v in outcome.variants}
    again = []
    for row in rows.values():
        made = told.get((row.name, row.fingerprint))
        if made is None and outcome.error is None:
            continue
        if made and made.error is None and not await _is_there(objects, image, row, made.size):
            return Plan(
                "refused",
                f"what it tells of is gone: have the image reprocessed instead{DROPS}",
            )
        again += _awaiting(row, row.fingerprint, outcome.job_id, None)
    return _plan(image, again, rows, letter)


async def _is_there(objects: Objects, image: Found, row: Found, size: int | None) -> bool:
    key = keys.variant(image.account_id, image.id, row.fingerprint, image.sha256)
    try:
        return await objects.size(key) == size
    except FileNotFoundError:
        return False


def _awaiting(
    row: Found, fingerprint: str, job_id: str, preset: Known | None
) -> list[dict[str, Any]]:
    """The row as it awaits the job again; nothing where that would move nothing."""
    if row.job_id is not None:
        return []
    if row.status == "failed" and row.fingerprint == fingerprint:
        waiting = {"status": "pending", "error_code": None, "error_detail": None}
        return [row._asdict() | waiting | {"job_id": job_id}]
    if row.status != "ready" or row.fingerprint == fingerprint or row.preset_version is None:
        return []
    # What would have replaced it; only as the preset still has it, since whatever the preset was
    # later may have been made already.
    if preset is None or preset.transformation.fingerprint() != fingerprint:
        return []
    return [row._asdict() | {"job_id": job_id, "replacement": _how(preset)}]


def _how(preset: Known) -> dict[str, Any]:
    return {
        "fingerprint": preset.transformation.fingerprint(),
        "transformation": preset.transformation.model_dump(mode="json"),
        "preset_version": preset.version,
    }


def _plan(
    image: Found, again: list[dict[str, Any]], rows: Mapping[str, Found], letter: Letter
) -> Plan:
    """An image that no processor has seen is moved by an outcome though no variant waits."""
    names = ", ".join(row["name"] for row in again)
    if again:
        words = f"{names} of image {image.id} wait again, for the promise on {letter.topic}"
        return Plan("sent", words, image, again)
    if image.status == "failed" and image.placeholder is None and not rows:
        return Plan("sent", f"image {image.id} waits again, to be seen at all", image)
    return Plan("pointless", f"nothing of image {image.id} waits for it any more")


async def _await_again(work: Work, image: Found, rows: Sequence[dict[str, Any]]) -> None:
    await variants.write(work.connection, rows)
    await queries.change(work.connection, image.id, **queries.WAITS, updated_at=clock.now())
    work.change(image.account_id)
    await work.tell("image.updated", image.account_id, image.id, {"version": image.version})

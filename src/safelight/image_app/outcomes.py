"""What became of a job: a state machine that old, doubled and reordered outcomes don't move."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from pydantic import ValidationError

from safelight.contract.messages import JOBS, Fault, Job, MadeVariant, Message, Outcome
from safelight.image_app import clock, erasures, incoming, promises
from safelight.image_app.images import queries
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources
from safelight.image_app.variants import queries as variants
from safelight.image_app.work import Work, begin

PARKED = Fault(
    code="processing-error",
    detail="The picture could not be processed here; it is kept and can be processed again.",
)
NO_FAULT: dict[str, Any] = {"error_code": None, "error_detail": None}

log = structlog.get_logger()


class Answer(NamedTuple):
    """What became of one variant that was awaited: its row as it is now, and why not, if so."""

    row: dict[str, Any]
    fault: Fault | None
    replaced: str | None
    """Fingerprint of what it was until now, when it is something else."""


async def take_outcome(resources: Resources, message: Message) -> None:
    """Write what became of a job; what nobody awaits changes nothing.

    Objects that nothing refers to go: those of variants that were deleted or are wanted in
    another way meanwhile, and all of an image that is gone.
    """
    outcome = incoming.read(Outcome, message)
    incoming.require_ids(outcome.account_id, outcome.image_id)
    async with begin(resources) as work:
        image = await queries.find_any(work.connection, outcome.image_id, lock=True)
        if image is not None and image.deleted_at is None:
            await _settle(work, image, outcome)
            made = {v.fingerprint: v.name for v in outcome.variants if v.error is None}
            await _erase_unwanted(work, image, made)
            return
    erase = erasures.erase_made if image is None else erasures.erase_objects
    await erase(resources, outcome.account_id, outcome.image_id)


async def park(work: Work, image: Found, letter: Message) -> None:
    """A job that nobody could do, or whose outcome nobody could take: what waits for it fails,
    and what was made of it in part goes.
    """
    outcome = Outcome(
        job_id=letter.headers.get("ce_id", ""),
        account_id=image.account_id,
        image_id=image.id,
        sha256=image.sha256,
        error=PARKED,
    )
    await _settle(work, image, outcome)
    await _erase_unwanted(work, image, _wanted(letter))


async def _settle(work: Work, image: Found, outcome: Outcome) -> None:
    rows = await variants.all_of(work.connection, image.id)
    awaited = _awaited(rows, outcome)
    waits = any(variants.waits(row) for row in rows if row not in awaited)
    if not awaited and (waits or image.status != "processing"):
        log.debug("old outcome", image_id=image.id)
        return
    answers = [_answer(row, outcome) for row in awaited]
    await variants.write(work.connection, [answer.row for answer in answers])
    made = [answer.row for answer in answers if answer.fault is None]
    await variants.remeasure(work.connection, image.id, made)
    seen = outcome.description.model_dump() if outcome.description else {}
    await _finish(work, image, waits, outcome.error, seen)
    await _tell(work, image, answers, waits, outcome.error)


def _awaited(rows: Sequence[Found], outcome: Outcome) -> list[Found]:
    """The variants for which this is the answer."""
    awaited = [row for row in rows if row.job_id == outcome.job_id]
    if awaited:
        return awaited
    unnamed = [row for row in rows if row.status == "pending" and row.job_id is None]
    made = {(v.name, v.fingerprint) for v in outcome.variants}
    told = outcome.error or any((row.name, row.fingerprint) in made for row in unnamed)
    return unnamed if told else []


def _answer(row: Found, outcome: Outcome) -> Answer:
    """An awaited variant is made now, or has failed; where something is there, that stays."""
    now = row._asdict() | {"job_id": None, "replacement": None}
    wanted: dict[str, Any] = row.replacement or {"fingerprint": row.fingerprint}
    sought = row.name, wanted["fingerprint"]
    made = next((v for v in outcome.variants if (v.name, v.fingerprint) == sought), None)
    fault = outcome.error or (made.error if made else PARKED)
    if made and fault is None:
        changed = wanted["fingerprint"] != row.fingerprint
        now |= wanted | _measures(made) | NO_FAULT | {"status": "ready"}
        return Answer(now, None, row.fingerprint if changed else None)
    if fault and row.replacement is None:
        now |= {"status": "failed", "error_code": fault.code, "error_detail": fault.detail}
    return Answer(now, fault, None)


def _measures(made: MadeVariant) -> dict[str, Any]:
    return made.model_dump(include=set(variants.MEASURED))


async def _finish(
    work: Work, image: Found, waits: bool, fault: Fault | None, seen: Mapping[str, Any]
) -> None:
    """The state of a picture after an outcome, which is the last word when nothing else waits."""
    last = fault if not waits else None
    await queries.change(
        work.connection,
        image.id,
        status="processing" if waits else "failed" if fault else "ready",
        error_code=last.code if last else None,
        error_detail=last.detail if last else None,
        updated_at=clock.now(),
        **seen,
    )
    work.change(image.account_id)


async def _tell(
    work: Work, image: Found, answers: Sequence[Answer], waits: bool, fault: Fault | None
) -> None:
    """The first outcome of an upload makes the image ready, and with it all that was made."""
    first = image.placeholder is None and not waits
    failed = {a.row["name"]: a.fault.model_dump() for a in answers if a.fault}
    for answer in answers:
        if answer.fault is None and (answer.replaced or not first):
            data = {"name": answer.row["name"], "fingerprint": answer.row["fingerprint"]}
            data |= {"replaced": answer.replaced} if answer.replaced else {}
            await work.tell("variant.ready", image.account_id, image.id, data)
    told = {"failed": failed} if failed else {}
    if not waits and fault:
        data = {"error": fault.model_dump()}
        await work.tell("image.failed", image.account_id, image.id, data)
    elif not waits:
        await work.tell("image.ready", image.account_id, image.id, told)
    elif failed:
        data = {"version": image.version} | told
        await work.tell("image.updated", image.account_id, image.id, data)


async def _erase_unwanted(work: Work, image: Found, made: Mapping[str, str]) -> None:
    """Promise to erase what was made by fingerprints, with names, that no variant has or awaits."""
    referred = variants.fingerprints_of(await variants.all_of(work.connection, image.id))
    for fingerprint, name in made.items():
        if fingerprint not in referred:
            promises.promise_erasure(work, image, name, fingerprint)


def _wanted(letter: Message) -> dict[str, str]:
    """What a buried job, or its outcome, may have made, by fingerprint."""
    try:
        if letter.headers.get("safelight-topic") == JOBS:
            job = Job.model_validate_json(letter.body)
            return {v.transformation.fingerprint(): v.name for v in job.variants}
        return {v.fingerprint: v.name for v in Outcome.model_validate_json(letter.body).variants}
    except ValidationError:
        return {}

"""One job from message to outcome."""

import asyncio

import structlog

from safelight.backends.memory_file import memory_file
from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Description, Fault, Job, MadeVariant, Outcome
from safelight.image_process_app import metrics
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.decoder.protocol import Made
from safelight.image_process_app.decoder.worker import ChildFailed
from safelight.image_process_app.limits import Rejected

TRIES = 3
"""How often a picture may bring down its decoder before it is rejected."""

DEADLY = "The picture could not be processed: opening it failed every time."
MISSING = "The file of this picture is gone."

log = structlog.get_logger()


async def process(job: Job, objects: Objects, pool: DecoderPool) -> Outcome:
    """Make what the job wants and answer with what became of it.

    Doing it twice gives the same objects. A picture that can't be opened is an outcome; when the
    object store is unwell the exception is the caller's, who tries again later.
    """
    try:
        variants, description = await _make(job, objects, pool)
    except Rejected as refusal:
        fault = Fault(code=refusal.code, detail=refusal.detail)
        return _outcome(job, error=fault)
    return _outcome(job, variants=variants, description=description)


async def _make(
    job: Job, objects: Objects, pool: DecoderPool
) -> tuple[list[MadeVariant], Description]:
    for number in range(1, TRIES + 1):
        try:
            return await _try(job, objects, pool)
        except ChildFailed as failure:
            metrics.DECODER_FAILURES.inc()
            log.warning("try failed", image_id=job.image_id, number=number, reason=str(failure))
    raise Rejected("processing-error", DEADLY)


async def _try(
    job: Job, objects: Objects, pool: DecoderPool
) -> tuple[list[MadeVariant], Description]:
    """The original is opened only once a child is free, so waiting jobs cost no memory."""
    original = keys.original(job.account_id, job.image_id)
    with memory_file("variants") as target:
        try:
            async with pool.child() as child, objects.opened(original) as source:
                made, description = await child.decode(
                    job.content_type, job.variants, source, target
                )
        except FileNotFoundError:
            raise Rejected("original-missing", MISSING) from None
        return await _store(job, objects, made, target), description


async def _store(job: Job, objects: Objects, made: list[Made], target: int) -> list[MadeVariant]:
    """All at once; they lie in the file one behind the other."""
    fingerprints = {v.name: v.transformation.fingerprint() for v in job.variants}
    stored, offset = [], 0
    async with asyncio.TaskGroup() as tasks:
        for variant in made:
            fingerprint = fingerprints[variant.name]
            if variant.error is None:
                key = keys.variant(job.account_id, job.image_id, fingerprint, job.sha256)
                tasks.create_task(objects.put_from(key, target, offset, variant.size))
                offset += variant.size
            stored.append(_stored(variant, fingerprint))
    return stored


def _stored(made: Made, fingerprint: str) -> MadeVariant:
    if made.error:
        return MadeVariant(name=made.name, fingerprint=fingerprint, error=made.error)
    return MadeVariant(
        name=made.name,
        fingerprint=fingerprint,
        content_type=made.content_type,
        width=made.width,
        height=made.height,
        size=made.size,
    )


def _outcome(
    job: Job,
    error: Fault | None = None,
    variants: list[MadeVariant] | None = None,
    description: Description | None = None,
) -> Outcome:
    return Outcome(
        job_id=job.id,
        account_id=job.account_id,
        image_id=job.image_id,
        sha256=job.sha256,
        error=error,
        variants=variants or [],
        description=description,
    )

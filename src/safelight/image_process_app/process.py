"""One job from message to outcome."""

import asyncio

from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Description, Fault, Job, MadeVariant, Outcome
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.decoder.protocol import Made
from safelight.image_process_app.limits import Rejected
from safelight.image_process_app.tries import Results, results


async def process(job: Job, objects: Objects, pool: DecoderPool) -> Outcome:
    """Make what the job wants and answer with what became of it.

    Doing it twice gives the same objects. A picture that can't be opened is an outcome; when the
    object store is unwell the exception is the caller's, who tries again later.
    """
    try:
        async with results(job, objects, pool) as made:
            variants = await _store(job, objects, made)
    except Rejected as refusal:
        fault = Fault(code=refusal.code, detail=refusal.detail)
        return _outcome(job, error=fault)
    return _outcome(job, variants=variants, description=made.description)


async def _store(job: Job, objects: Objects, made: Results) -> list[MadeVariant]:
    """All at once; they lie in the file one behind the other."""
    fingerprints = {v.name: v.transformation.fingerprint() for v in job.variants}
    stored, offset = [], 0
    async with asyncio.TaskGroup() as tasks:
        for variant in made.variants:
            fingerprint = fingerprints[variant.name]
            if variant.error is None:
                key = keys.variant(job.account_id, job.image_id, fingerprint, job.sha256)
                tasks.create_task(objects.put_from(key, made.target, offset, variant.size))
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

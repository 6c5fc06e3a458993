"""Have a child make what a job wants, from the object store, as often as may help."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from safelight.backends.memory_file import memory_file
from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Description, Job
from safelight.image_process_app import metrics
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.decoder.protocol import NOT_MADE, Made
from safelight.image_process_app.decoder.worker import ChildFailed
from safelight.image_process_app.limits import Rejected
from safelight.image_process_app.marks import opened_overlays, within_reason

TRIES = 3
"""How often a picture may bring down its decoder before it is rejected."""

DEADLY = "The picture could not be processed: opening it failed every time."
MISSING = "The file of this picture is gone."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Results:
    """What a child made: `variants`, each that was wanted once, in the order in which those
    without an error lie in the file `target`, one behind the other.
    """

    variants: list[Made]
    description: Description | None
    target: int


@asynccontextmanager
async def results(
    job: Job, objects: Objects, pool: DecoderPool, urgent: bool = False, describe: bool = True
) -> AsyncIterator[Results]:
    """What became of the job's variants, until the block ends.

    Raises `Rejected` for a picture that can't be opened, or kills its decoder every time.
    """
    job, refused = within_reason(job)
    for number in range(1, TRIES + 1):
        # A file of its own for each try: a child that is being killed may still write to the last.
        with memory_file("variants") as target:
            try:
                made, description = await _try(job, objects, pool, target, urgent, describe)
            except ChildFailed as failure:
                metrics.DECODER_FAILURES.inc()
                log.warning("try failed", image_id=job.image_id, number=number, reason=str(failure))
            else:
                yield Results(made + _missing(job, made) + refused, description, target)
                return
    raise Rejected("processing-error", DEADLY)


async def _try(
    job: Job, objects: Objects, pool: DecoderPool, target: int, urgent: bool, describe: bool
) -> tuple[list[Made], Description | None]:
    """The original is opened only once a child is free, so waiting jobs cost no memory."""
    original = keys.original(job.account_id, job.image_id)
    try:
        async with (
            pool.child(urgent) as child,
            objects.opened(original) as source,
            opened_overlays(job, objects) as overlays,
        ):
            return await child.decode(
                job.content_type, job.variants, source, target, overlays, describe
            )
    except FileNotFoundError:
        raise Rejected("original-missing", MISSING) from None


def _missing(job: Job, made: list[Made]) -> list[Made]:
    """Those of which the child said nothing."""
    known = {variant.name for variant in made}
    return [Made(name=v.name, error=NOT_MADE) for v in job.variants if v.name not in known]

"""Have a child make what a job wants, from the object store, as often as may help."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256

import structlog

from safelight.backends.memory_file import memory_file
from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Description, Fault, Job, WantedVariant
from safelight.image_process_app import metrics
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.decoder.protocol import NOT_MADE, Made
from safelight.image_process_app.decoder.worker import ChildFailed
from safelight.image_process_app.limits import Rejected
from safelight.image_process_app.marks import opened_overlays, within_reason

TRIES = 3
"""How often a picture may bring down its decoder before it is rejected, and how often the making of
one variant, before that is given up alone."""

DEADLY = "The picture could not be processed: opening it failed every time."
TOO_MUCH = Fault(
    code="variant-failed", detail="Making this takes too long, or more than a decoder can do."
)
MISSING = "The file of this picture is gone."
DAMAGED = "The file of this picture has other bytes than were uploaded."
CHUNK = 1 << 20

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

    Raises `Rejected` for a picture that can't be opened, or kills its decoder every time, and for
    an original that is gone or has other bytes than the job says.
    """
    job, given_up = within_reason(job)
    wanted = list(job.variants)
    failures: Counter[str | None] = Counter()
    while True:
        # A file of its own for each try: a child that is being killed may still write to the last.
        with memory_file("variants") as target:
            try:
                made, description = await _try(job, wanted, objects, pool, target, urgent, describe)
            except ChildFailed as failure:
                metrics.DECODER_FAILURES.inc()
                name = failure.variant
                failures[name] += 1
                log.warning(
                    "try failed",
                    image_id=job.image_id,
                    variant=name,
                    tries=failures[name],
                    reason=str(failure),
                )
                if failures[name] < TRIES:
                    continue
                if name is None:
                    raise Rejected("processing-error", DEADLY) from None
                given_up.append(Made(name=name, error=TOO_MUCH))
                wanted = [variant for variant in wanted if variant.name != name]
            else:
                made += given_up
                yield Results(made + _missing(job, made), description, target)
                return


async def _try(
    job: Job,
    wanted: Sequence[WantedVariant],
    objects: Objects,
    pool: DecoderPool,
    target: int,
    urgent: bool,
    describe: bool,
) -> tuple[list[Made], Description | None]:
    """The original is opened only once a child is free, so waiting jobs cost no memory."""
    original = keys.original(job.account_id, job.image_id)
    try:
        async with (
            pool.child(urgent) as child,
            objects.opened(original) as source,
            opened_overlays(job, objects) as overlays,
        ):
            if await asyncio.to_thread(_sha256_of, source) != job.sha256:
                log.error("an original has other bytes than came", image_id=job.image_id)
                raise Rejected("original-damaged", DAMAGED)
            return await child.decode(job.content_type, wanted, source, target, overlays, describe)
    except FileNotFoundError:
        raise Rejected("original-missing", MISSING) from None


def _sha256_of(source: int) -> str:
    """Of all bytes of an open file; some two milliseconds for a photograph."""
    digest, offset = sha256(), 0
    while chunk := os.pread(source, CHUNK, offset):
        digest.update(chunk)
        offset += len(chunk)
    return digest.hexdigest()


def _missing(job: Job, made: list[Made]) -> list[Made]:
    """Those of which the child said nothing."""
    known = {variant.name for variant in made}
    return [Made(name=v.name, error=NOT_MADE) for v in job.variants if v.name not in known]

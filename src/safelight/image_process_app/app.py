"""What the processor listens to: jobs."""

import time
from datetime import UTC, datetime

import structlog
from pydantic import ValidationError

from safelight.backends.delivery import Delivery, Handler, Unreadable
from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.messages import Job, Message, Outcome, outcome_message
from safelight.image_process_app import metrics
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.process import process

log = structlog.get_logger()


def job_handler(objects: Objects, pool: DecoderPool, delivery: Delivery) -> Handler:
    """Handles one job: it is done only when its outcome is delivered."""

    async def handle(message: Message) -> None:
        started = time.perf_counter()
        try:
            job = Job.model_validate_json(message.body)
        except ValidationError as error:
            raise Unreadable(f"not a valid Job: {error.error_count()} errors") from error
        _require_ids(job)
        with metrics.UNDER_WAY.track_inprogress(), metrics.JOB_SECONDS.time():
            outcome = await process(job, objects, pool)
            await delivery.send(outcome_message(outcome, datetime.now(UTC)))
        _count(outcome)
        log.info(
            "processed",
            image_id=job.image_id,
            job_id=job.id,
            rejected=outcome.error.code if outcome.error else None,
            variants=len(outcome.variants),
            ms=round((time.perf_counter() - started) * 1000),
        )

    return handle


def _require_ids(job: Job) -> None:
    """Anybody may write to a topic: what names no image of ours must not reach a key; raises
    `Unreadable`.
    """
    ids = (job.account_id, job.image_id, *(overlay.image_id for overlay in job.overlays))
    if not all(map(keys.is_id, ids)) or not keys.is_hash(job.sha256):
        raise Unreadable("it names no image of ours")


def _count(outcome: Outcome) -> None:
    metrics.JOBS.labels("rejected" if outcome.error else "done").inc()
    for variant in outcome.variants:
        metrics.VARIANTS.labels("failed" if variant.error else "made").inc()

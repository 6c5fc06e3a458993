"""What could not be handled is kept, and whoever waits for it is told."""

import structlog

from safelight.backends.delivery import Unreadable
from safelight.contract import keys
from safelight.contract.messages import EVENTS, JOBS, OUTCOMES, Job, Message, Outcome
from safelight.image_app import clock, erasures, incoming, outcomes
from safelight.image_app.images import queries
from safelight.image_app.models import dead_letters
from safelight.image_app.resources import Resources
from safelight.image_app.work import begin

KEY_LENGTH = 64
"""Anybody may write to a topic, so a key may be anything."""

log = structlog.get_logger()


async def take_dead_letter(resources: Resources, message: Message) -> None:
    """Keep the message; when it was a job or its outcome, tell the owner.

    A promise to erase is never given up: it is made again.
    """
    async with begin(resources) as work:
        image = None
        if keys.is_id(message.key):
            image = await queries.find_any(work.connection, message.key, lock=True)
        if image is not None and erasures.is_never_given_up(message, image):
            headers = {n: v for n, v in message.headers.items() if not n.startswith("safelight-")}
            work.promise(Message(EVENTS, message.key, message.body, headers))
            log.warning("not erased yet", image_id=image.id)
            return
        await work.connection.execute(
            dead_letters.insert().values(
                key=message.key[:KEY_LENGTH],
                headers=message.headers,
                body=message.body,
                parked_at=clock.now(),
            )
        )
        of_a_job = message.headers.get("safelight-topic") in (JOBS, OUTCOMES)
        if of_a_job and image is None:
            await _erase_leftovers(resources, message)
        elif of_a_job and image is not None and image.deleted_at is None:
            await outcomes.park(work, image, message)
    reason = message.headers.get("safelight-reason", "")
    log.error("dead letter", key=message.key[:KEY_LENGTH], reason=reason)


async def _erase_leftovers(resources: Resources, message: Message) -> None:
    """What a job had made in part of an image that is gone: nothing else tells of it."""
    model: type[Job] | type[Outcome] = Outcome
    if message.headers["safelight-topic"] == JOBS:
        model = Job
    try:
        told: Job | Outcome = incoming.read(model, message)
        incoming.require_ids(told.account_id, told.image_id)
    except Unreadable:
        return
    if told.image_id == message.key:
        await erasures.erase_made(resources, told.account_id, told.image_id)

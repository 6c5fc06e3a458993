"""What the API listens to: outcomes, dead letters, and its own promise to erase."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from safelight.backends.delivery import Delivery, Handler, Unreadable
from safelight.contract import keys
from safelight.contract.messages import (
    DEAD_LETTERS,
    EVENTS,
    JOBS,
    OUTCOMES,
    Event,
    Fault,
    MadeVariant,
    Message,
    Outcome,
)
from safelight.image_app import clock
from safelight.image_app.images import queries
from safelight.image_app.models import Found, dead_letters
from safelight.image_app.resources import Resources
from safelight.image_app.work import Work, begin

PARKED = Fault(
    code="processing-error",
    detail="The picture could not be processed here; it is kept and can be processed again.",
)

LISTENING = ((OUTCOMES, "outcomes"), (EVENTS, "erasures"), (DEAD_LETTERS, "dead-letters"))
"""Topics and the names under which the API takes their messages."""
KEY_LENGTH = 64
"""Anybody may write to a topic, so a key may be anything."""

EMPTY: Mapping[str, Any] = MappingProxyType({})

M = TypeVar("M", bound=BaseModel)

log = structlog.get_logger()


def subscribe(delivery: Delivery, resources: Resources) -> None:
    """Listen from the moment delivery starts."""

    def handler(take: Any) -> Handler:
        async def handle(message: Message) -> None:
            await take(resources, message)

        return handle

    takers = (take_outcome, take_event, take_dead_letter)
    for (topic, group), take in zip(LISTENING, takers, strict=True):
        delivery.subscribe(topic, handler(take), group)


async def take_outcome(resources: Resources, message: Message) -> None:
    """Write what became of a picture; old and doubled outcomes change nothing.

    When the image is gone meanwhile, what was made of it goes too.
    """
    outcome = _read(Outcome, message)
    _require_ids(outcome.account_id, outcome.image_id)
    async with begin(resources) as work:
        image = await queries.find_any(work.connection, outcome.image_id, lock=True)
        if image is not None and image.deleted_at is None:
            await _apply(work, image, outcome)
            return
    await _erase_objects(resources, outcome.account_id, outcome.image_id)


async def take_event(resources: Resources, message: Message) -> None:
    """A deleted image's objects go, then its tombstone."""
    event = _read(Event, message)
    if event.type != "image.deleted":
        return
    account_id = event.data.get("account_id")
    _require_ids(account_id, event.subject)
    async with resources.database.reading() as connection:
        image = await queries.find_any(connection, event.subject)
    if image is not None and image.deleted_at is None:
        raise Unreadable("the image is not deleted")
    await _erase_objects(resources, str(account_id), event.subject)
    async with begin(resources) as work:
        await queries.erase(work.connection, event.subject)


async def take_dead_letter(resources: Resources, message: Message) -> None:
    """Keep the message; when it was a job or its outcome, tell the owner.

    A promise to erase is never given up: it is made again.
    """
    async with begin(resources) as work:
        image = None
        if clock.is_id(message.key):
            image = await queries.find_any(work.connection, message.key, lock=True)
        if image is not None and image.deleted_at is not None and _erases(message, image):
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
        if of_a_job and image and image.deleted_at is None and image.status == "processing":
            await _finish(work, image, PARKED)
    reason = message.headers.get("safelight-reason", "")
    log.error("dead letter", key=message.key[:KEY_LENGTH], reason=reason)


def _erases(message: Message, image: Found) -> bool:
    """Whether this is the product's own promise to erase the image, which the world put off."""
    if message.headers.get("safelight-topic") != EVENTS:
        return False
    try:
        event = Event.model_validate_json(message.body)
    except ValidationError:
        return False
    told = event.type, event.subject, event.data.get("account_id")
    return told == ("image.deleted", image.id, image.account_id)


async def _apply(work: Work, image: Found, outcome: Outcome) -> None:
    if image.status != "processing":
        log.debug("old outcome", image_id=image.id)
        return
    made = [_made(variant) for variant in outcome.variants]
    await queries.finish_variants(work.connection, image.id, made)
    seen = outcome.description.model_dump(exclude={"frames"}) if outcome.description else {}
    await _finish(work, image, outcome.error, seen)


async def _finish(
    work: Work, image: Found, fault: Fault | None, seen: Mapping[str, Any] = EMPTY
) -> None:
    """The last word on a picture: `ready`, or `failed` with its reason, and what was seen."""
    code, detail = (fault.code, fault.detail) if fault else (None, None)
    await queries.change(
        work.connection,
        image.id,
        status="failed" if fault else "ready",
        error_code=code,
        error_detail=detail,
        updated_at=clock.now(),
        **seen,
    )
    unanswered = fault or PARKED
    await queries.fail_pending(work.connection, image.id, unanswered.code, unanswered.detail)
    if fault:
        await work.tell("image.failed", image.account_id, image.id, {"error": fault.model_dump()})
    else:
        await work.tell("image.ready", image.account_id, image.id, {})
    work.change(image.account_id)


def _made(variant: MadeVariant) -> dict[str, Any]:
    error = variant.error
    return variant.model_dump(exclude={"error"}) | {
        "status": "failed" if error else "ready",
        "error_code": error.code if error else None,
        "error_detail": error.detail if error else None,
    }


async def _erase_objects(resources: Resources, account_id: str, image_id: str) -> None:
    await resources.objects.delete(keys.original(account_id, image_id))
    await resources.objects.delete_below(keys.variants(account_id, image_id))


def _read(model: type[M], message: Message) -> M:
    try:
        return model.model_validate_json(message.body)
    except ValidationError as error:
        raise Unreadable(f"not a valid {model.__name__}: {error.error_count()} errors") from error


def _require_ids(*given: object) -> None:
    """Anybody may write to a topic: what names no image of ours must reach neither a key nor a row.

    Raises `Unreadable`.
    """
    if not all(isinstance(id_, str) and clock.is_id(id_) for id_ in given):
        raise Unreadable("it names no image of ours")

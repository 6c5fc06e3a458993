"""What nobody needs any more, objects above all: events are the promise to erase it."""

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.delivery import NotYet, Unreadable
from safelight.contract import keys
from safelight.contract.messages import EVENTS, Event, Message
from safelight.image_app import incoming
from safelight.image_app.images import queries
from safelight.image_app.models import Found
from safelight.image_app.promised import leaving, tells_of_an_object
from safelight.image_app.resources import Resources
from safelight.image_app.variants import queries as variants
from safelight.image_app.work import begin, forget_answers

log = structlog.get_logger()


class StillRendering(NotYet):
    """Somebody is just making an object of the image: it can be erased in a moment."""


async def take_event(resources: Resources, message: Message) -> None:
    """A deleted image's objects go, then its tombstone; of a variant that was deleted or
    replaced, the object goes unless something refers to it again. What was changed is read anew.
    """
    event = incoming.read(Event, message)
    account_id = event.data.get("account_id")
    if event.type == "image.deleted":
        incoming.require_ids(account_id, event.subject)
        await _erase_image(resources, str(account_id), event.subject)
    elif tells_of_an_object(event):
        incoming.require_ids(account_id, event.subject)
        await _erase_variant(resources, event)
    elif event.type == "image.updated" and isinstance(account_id, str):
        # Who wrote may have been no process of the product: `safelight dead-letters`.
        await forget_answers(resources, account_id)


async def erase_objects(resources: Resources, account_id: str, image_id: str) -> None:
    """The original and everything made of it."""
    await resources.objects.delete(keys.original(account_id, image_id))
    await resources.objects.delete_below(keys.variants(account_id, image_id))


async def erase_made(resources: Resources, account_id: str, image_id: str) -> None:
    """What a job has made of an image of which no row tells: it came after the image had gone.

    Where the original is there the image has not gone, but its row, as after the restore of a
    database that is older than the objects: that is left as it is.
    """
    try:
        await resources.objects.size(keys.original(account_id, image_id))
    except FileNotFoundError:
        await resources.objects.delete_below(keys.variants(account_id, image_id))
    else:
        log.warning("no row tells of this original", image_id=image_id)


def is_never_given_up(message: Message, image: Found) -> bool:
    """Whether this dead letter is the product's own promise to erase something of the image,
    which the world put off.
    """
    if message.headers.get("safelight-topic") != EVENTS:
        return False
    try:
        event = Event.model_validate_json(message.body)
    except ValidationError:
        return False
    if (event.subject, event.data.get("account_id")) != (image.id, image.account_id):
        return False
    if image.deleted_at is not None:
        return event.type == "image.deleted"
    return leaving(event) is not None


async def _erase_variant(resources: Resources, event: Event) -> None:
    """The object goes while the image is locked, so whoever wants to make it again meanwhile
    waits, and then makes it anew.
    """
    fingerprint = leaving(event)
    if fingerprint is None:
        raise Unreadable("it names no object of ours")
    async with begin(resources) as work:
        image = await queries.find_any(work.connection, event.subject, lock=True)
        if image is None or image.deleted_at is not None:
            return  # everything of it goes with its own promise
        if image.account_id != event.data["account_id"]:
            raise Unreadable("it names no image of ours")
        if not await variants.is_referred_to(work.connection, image.id, fingerprint):
            key = keys.variant(image.account_id, image.id, fingerprint, image.sha256)
            await resources.objects.delete(key)


async def _erase_image(resources: Resources, account_id: str, image_id: str) -> None:
    async with begin(resources) as work:
        image = await queries.find_any(work.connection, image_id, lock=True)
        if image is not None and image.account_id != account_id:
            raise Unreadable("it names no image of ours")
        if image is not None and image.deleted_at is None:
            raise Unreadable("the image is not deleted")
        if image is not None and await _is_rendered(resources, work.connection, image_id):
            raise StillRendering("something is just made of the image")
    await erase_objects(resources, account_id, image_id)
    async with begin(resources) as work:
        await queries.erase(work.connection, image_id)


async def _is_rendered(resources: Resources, connection: AsyncConnection, image_id: str) -> bool:
    """Whether a living process is making something of the image, whose object would come late."""
    for row in await variants.renderings_under_way(connection, image_id):
        if row.holder is None or row.holder == resources.member:
            alive = (image_id, row.fingerprint) in resources.rendering
        else:
            alive = await queries.is_alive(connection, row.holder)
        if alive:
            return True
    return False

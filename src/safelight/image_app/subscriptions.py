"""What the API listens to: outcomes, dead letters, and its own promises to erase."""

from typing import Any

from safelight.backends.delivery import Delivery, Handler
from safelight.contract.messages import DEAD_LETTERS, EVENTS, OUTCOMES, Message
from safelight.image_app.dead_letters.parking import take_dead_letter
from safelight.image_app.erasures import take_event
from safelight.image_app.outcomes import take_outcome
from safelight.image_app.resources import Resources

LISTENING = ((OUTCOMES, "outcomes"), (EVENTS, "erasures"), (DEAD_LETTERS, "dead-letters"))
"""Topics and the names under which the API takes their messages."""


def subscribe(delivery: Delivery, resources: Resources) -> None:
    """Listen from the moment delivery starts."""

    def handler(take: Any) -> Handler:
        async def handle(message: Message) -> None:
            await take(resources, message)

        return handle

    takers = (take_outcome, take_event, take_dead_letter)
    for (topic, group), take in zip(LISTENING, takers, strict=True):
        delivery.subscribe(topic, handler(take), group)

"""How messages travel: the port, and its adapters beside it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from safelight.backends.unavailable import Unavailable
from safelight.contract.messages import Message

Handler = Callable[[Message], Awaitable[None]]
"""Handles one message. May be called more than once with it; returns when its effect is safe,
raises when the message should be tried again."""

BACKOFF = (0.2, 1.0, 5.0, 15.0)
"""Seconds before each further try of a message whose handler raised; see `backoff.py`."""


class Unreadable(Exception):
    """Raised by a handler for a message it can never read: no retry, straight to dead letters."""


class NotYet(Exception):
    """Raised by a handler that has to be asked again in a moment, though nothing is wrong: it takes
    a try as any error does, and is logged in a few words.
    """


class Undelivered(Unavailable):
    """The message may not have arrived: send it again."""


class Oversized(Exception):
    """The message is too large for whoever carries it: to send it again helps nobody."""


class Delivery(Protocol):
    """Carries messages to whoever listens to their topic."""

    def subscribe(self, topic: str, handler: Handler, group: str, at_once: int = 1) -> None:
        """From `start` on call `handler` with the messages of the topic.

        Each message goes to one member of each group. At most `at_once` are handled here at the
        same time, and never two of them with the same key.
        """

    async def start(self) -> None:
        """Begin to hand out messages, or to try to."""

    async def stop(self, patience: float) -> None:
        """Take no more; finish what is under way within `patience` seconds."""

    async def send(self, message: Message) -> None:
        """Return once the message is delivered for certain; raise when that is not known."""

    async def send_all(self, messages: Sequence[Message]) -> list[BaseException | None]:
        """Send many in this order; what became of each, None for those delivered for certain."""

    def is_up(self) -> bool:
        """Whether messages can travel now."""

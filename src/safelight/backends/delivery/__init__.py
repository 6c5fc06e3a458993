"""How messages travel: the port, and its adapters beside it."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from safelight.contract.messages import Message

Handler = Callable[[Message], Awaitable[None]]
"""Handles one message. May be called more than once with it; returns when its effect is safe,
raises when the message should be tried again."""


class Unreadable(Exception):
    """Raised by a handler for a message it can never read: no retry, straight to dead letters."""


class Delivery(Protocol):
    """Carries messages to whoever listens to their topic."""

    def subscribe(self, topic: str, handler: Handler) -> None:
        """Call `handler` with every message of the topic, from `start` on."""

    async def start(self) -> None:
        """Begin to hand out messages."""

    async def stop(self) -> None:
        """Take no more, finish what is under way."""

    async def send(self, message: Message) -> None:
        """Return once the message is delivered for certain; raise when that is not known."""

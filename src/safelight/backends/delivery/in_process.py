"""Delivery without a broker: the outbox is the durable queue, sending is handling."""

import asyncio
from collections.abc import Sequence

import structlog

from safelight.backends.delivery import BACKOFF, Handler
from safelight.backends.delivery.backoff import BackOff, reason_of
from safelight.contract.messages import DEAD_LETTERS, Message, dead_letter

log = structlog.get_logger()


class InProcessDelivery:
    """Hands each message to the handlers of its topic, within the caller's own task.

    `send` returns when every handler has finished, so a crash at any moment leaves the promise
    with the caller. A handler that raises is tried again as `BackOff` says; then the message goes
    to the dead letters with the reason.
    """

    def __init__(self, backoff: Sequence[float] = BACKOFF) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        self._backoff = backoff

    def subscribe(self, topic: str, handler: Handler, group: str, at_once: int = 1) -> None:
        """Every group has one member here, and the sender decides how much is done at once."""
        self._handlers.setdefault(topic, []).append(handler)

    async def start(self) -> None:
        """Nothing to start: messages are handled where they are sent."""

    async def stop(self, patience: float) -> None:
        """Nothing to stop: the sender awaits each of its messages."""

    async def send(self, message: Message) -> None:
        for handler in self._handlers.get(message.topic, ()):
            await self._handle(handler, message)

    async def send_all(self, messages: Sequence[Message]) -> list[BaseException | None]:
        results: list[BaseException | None] = []
        for message in messages:
            try:
                await self.send(message)
                results.append(None)
            except Exception as failure:
                results.append(failure)
        return results

    def is_up(self) -> bool:
        return True

    async def _handle(self, handler: Handler, message: Message) -> None:
        backoff = BackOff(self._backoff)
        while True:
            try:
                await handler(message)
                return
            except Exception as error:
                log.warning("not handled", topic=message.topic, key=message.key, exc_info=True)
                pause = backoff.after(error)
                if pause is None:
                    await self._bury(message, reason_of(error))
                    return
            await asyncio.sleep(pause)

    async def _bury(self, message: Message, reason: str) -> None:
        if message.topic == DEAD_LETTERS:
            raise RuntimeError(f"a dead letter could not be kept: {reason}")
        await self.send(dead_letter(message, reason))

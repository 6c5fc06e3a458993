"""Delivery without a broker: the outbox is the durable queue, sending is handling."""

import asyncio
from collections.abc import Sequence

from safelight.backends.delivery import BACKOFF, Handler
from safelight.backends.delivery.backoff import BackOff, log_failure, reason_of
from safelight.backends.unavailable import is_unavailable
from safelight.contract.messages import DEAD_LETTERS, Message, dead_letter

AWAY_SECONDS = 20.0
"""What is away for longer is left to the sender, and makes room for what does not need it."""


class InProcessDelivery:
    """Hands each message to the handlers of its topic, within the caller's own task.

    `send` returns when every handler has finished, so a crash at any moment leaves the promise
    with the caller. A handler that raises is tried again as `BackOff` says; then the message goes
    to the dead letters with the reason, but where something is away: that raises.
    """

    def __init__(
        self, backoff: Sequence[float] = BACKOFF, away_seconds: float = AWAY_SECONDS
    ) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        self._backoff, self._away_seconds = backoff, away_seconds

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
        backoff = BackOff(self._backoff, self._away_seconds)
        while True:
            try:
                await handler(message)
                return
            except Exception as error:
                log_failure(message, error)
                pause = backoff.after(error)
                if pause is None and is_unavailable(error):
                    raise  # to the sender, who has promised it and tries again
                if pause is None:
                    await self._bury(message, reason_of(error))
                    return
            await asyncio.sleep(pause)

    async def _bury(self, message: Message, reason: str) -> None:
        if message.topic == DEAD_LETTERS:
            raise RuntimeError(f"a dead letter could not be kept: {reason}")
        await self.send(dead_letter(message, reason))

"""Who gets the next free child: those whose client waits first, yet nobody starves."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """What is free, and two lanes of those who wait for it.

    The urgent go first, but every second one that is given back goes to the others while any of
    them waits: half of the pool is theirs at the least.
    """

    def __init__(self) -> None:
        self._free: deque[T] = deque()
        self._urgent: deque[asyncio.Future[T]] = deque()
        self._others: deque[asyncio.Future[T]] = deque()
        self._others_turn = False

    async def take(self, urgent: bool = False) -> T:
        """Wait for something free; it is the caller's until it is given back."""
        if self._free:
            return self._free.popleft()
        lane = self._urgent if urgent else self._others
        turn: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        lane.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(turn.result())  # it came at the moment in which the wait was given up
            raise

    def give(self, item: T) -> None:
        """Hand it to whose turn it is, or keep it for who comes."""
        turn = self._next()
        if turn:
            turn.set_result(item)
        else:
            self._free.append(item)

    def _next(self) -> "asyncio.Future[T] | None":
        for lane in (self._urgent, self._others):
            while lane and lane[0].done():  # given up
                lane.popleft()
        both = bool(self._urgent and self._others)
        lane = self._others if both and self._others_turn else self._urgent or self._others
        self._others_turn = both and lane is self._urgent
        return lane.popleft() if lane else None

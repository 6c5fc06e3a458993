"""Equal work that is wanted at the same moment is done once in this process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Flights(Generic[K, T]):
    """What is under way, by key."""

    def __init__(self) -> None:
        self._under_way: dict[K, asyncio.Task[T]] = {}

    async def once(self, key: K, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work under this key comes to, begun now unless it is under way.

        Whoever leaves, the one who began it too, stops nobody: the work goes on.
        """
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(begin(), name=f"flight {key}")
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def _land(self, key: K, done: asyncio.Task[T]) -> None:
        del self._under_way[key]
        if not done.cancelled():
            done.exception()  # heard, so that nothing is said of it when nobody waits any more

    async def end(self, patience: float) -> None:
        """Let what is under way finish within so many seconds, then cancel it."""
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way.values(), timeout=patience)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

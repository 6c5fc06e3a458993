"""How much memory the processes of a product take at most."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Event, Thread

import psutil

EVERY = 0.2
"""Seconds between two looks."""


class Peak:
    """The largest resident memory in bytes of one process of each kind, while the block lasts.

    `kinds` tells, whenever it is asked, which processes there are of each kind.
    """

    def __init__(self, kinds: Callable[[], Mapping[str, Sequence[psutil.Process]]]) -> None:
        self._kinds = kinds
        self._ended = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self.bytes: dict[str, int] = {}
        self.now: dict[str, int] = {}

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            # Processes come and go between the list and the look.
            with suppress(psutil.Error, OSError, IndexError):
                self._look()

    def _look(self) -> None:
        now: dict[str, int] = {}
        for kind, processes in self._kinds().items():
            for process in processes:
                with suppress(psutil.Error):
                    now[kind] = max(now.get(kind, 0), process.memory_info().rss)
        for kind, size in now.items():
            self.bytes[kind] = max(self.bytes.get(kind, 0), size)
        self.now = now

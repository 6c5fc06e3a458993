"""Clients that never end uploading, at a pace that the machine can follow."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from threading import Event, Lock

from tests.faults.customer import Customer
from tests.journeys import pictures

SIDES = ((320, 240), (160, 120), (240, 320), (400, 300))


class Load:
    """Starts with `go_on`; `pause` is the seconds between two pictures of one client. Each of them
    has bytes that no other has, and is sent until it is promised, as a client does that wants it
    kept.
    """

    def __init__(self, customers: list[Customer], pause: float) -> None:
        self.customers = customers
        self.pace = pause
        self._numbers = count(1)
        self._up = Event()
        self._ended = Event()
        self._busy = [Lock() for _ in customers]
        self._pool = ThreadPoolExecutor(len(customers))
        self._senders: list[Future[None]] = [
            self._pool.submit(self._send, who) for who in range(len(customers))
        ]

    def go_on(self) -> None:
        self._up.set()

    def pause(self) -> None:
        """Returns once no request is under way."""
        self._up.clear()
        for busy in self._busy:
            with busy:
                pass

    def end(self) -> None:
        self._ended.set()
        self._up.set()
        self._pool.shutdown()

    def raise_for_crashes(self) -> None:
        """A sender that has ended would make every check a lie. It is told of once, and another
        goes on in its place.
        """
        for who, sender in enumerate(self._senders):
            if sender.done() and not self._ended.is_set():
                self._senders[who] = self._pool.submit(self._send, who)
                sender.result()
                raise AssertionError("a client of the load has ended")

    def _send(self, who: int) -> None:
        while not self._ended.is_set():
            number = next(self._numbers)
            content = pictures.jpeg(SIDES[number % len(SIDES)], number)
            while not self._is_kept(who, content):
                time.sleep(self.pace)
            time.sleep(self.pace)

    def _is_kept(self, who: int, content: bytes) -> bool:
        """Whether there is nothing more to do for this picture."""
        self._up.wait()
        with self._busy[who]:
            if self._ended.is_set():
                return True
            return self._up.is_set() and self.customers[who].promised(content) is not None

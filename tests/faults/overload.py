"""More work than the machine can do."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from tests.faults.customer import Customer
from tests.faults.fault import BOTH, Fault
from tests.faults.ground import Ground
from tests.journeys import pictures

LIMIT = 40
CLIENTS = 8
SIDES = (1200, 900)
PAUSE = 0.05
"""Seconds after a refusal: these clients do not do what `Retry-After` says."""
QUEUE_FULL = "503 queue-full"
GROWTH = 1.25
"""How much more memory than in the second minute there may be in the last: what a collector has
not collected yet is no leak, and a queue that grows would be far more.
"""


def flood(ground: Ground) -> None:
    """Far more pictures than can be processed, for minutes: the queue stays as short as it is set,
    the rest is refused with a time to come again, memory does not grow, and all that was promised
    becomes ready.
    """
    with ground.restarted(SAFELIGHT_QUEUE_LIMIT=str(LIMIT)):
        before = len(ground.ledger)
        customers = [ground.client() for _ in range(CLIENTS)]
        longest, began, ended = 0, time.monotonic(), Event()
        until = began + ground.minutes_of_overload * 60
        with ThreadPoolExecutor(CLIENTS) as pool:
            senders = [pool.submit(_send, customer, ended) for customer in customers]
            try:
                while time.monotonic() < until:
                    longest = max(longest, ground.count_processing())
                    time.sleep(0.5)
            finally:
                ended.set()
        refused: Counter[str] = sum((sender.result() for sender in senders), Counter())
        ground.recover()
        ground.load.pause()
        ground.settle()
        ground.load.go_on()
    taken = len(ground.ledger) - before
    ground.notes.append(
        f"{taken} taken, {refused[QUEUE_FULL]} refused, at most {longest} waited, "
        + ", ".join(_flatness(ground, began, until))
    )
    assert refused[QUEUE_FULL] > taken / 10, f"it was no overload: {refused}"
    # Uploads that had begun when the queue was full may end all the same.
    assert longest <= LIMIT + CLIENTS + len(ground.load.customers), f"{longest} waited"
    assert set(refused) <= {QUEUE_FULL}, f"refused with {refused}"


def _send(customer: Customer, ended: Event) -> Counter[str]:
    """Upload as fast as it goes; how often each refusal came."""
    refused: Counter[str] = Counter()
    number = 0
    while not ended.is_set():
        number += 1
        if customer.promised(pictures.jpeg(SIDES, number)) is None:
            refused[customer.last_refusal] += 1
            time.sleep(PAUSE)
    return refused


def _flatness(ground: Ground, began: float, until: float) -> list[str]:
    """The most memory of each kind of process in the second minute and in the last; raises
    AssertionError where it has grown.
    """
    minute = min(60.0, (until - began) / 3)
    early = _most(ground, began + minute, began + 2 * minute)
    late = _most(ground, until - minute, until)
    assert early.keys() & late.keys(), "nobody has looked at the memory"
    for kind, size in late.items():
        assert size < early.get(kind, size) * GROWTH, f"{kind} grew from {early[kind]} to {size}"
    return [f"{kind} {early.get(kind, 0) >> 20} then {late[kind] >> 20} MiB" for kind in late]


def _most(ground: Ground, start: float, end: float) -> dict[str, int]:
    found: dict[str, int] = {}
    for moment, sizes in ground.peak.seen:
        if start <= moment < end:
            for kind, size in sizes.items():
                found[kind] = max(found.get(kind, 0), size)
    return found


FAULTS = [Fault("more work than the machine can do", BOTH, flood)]

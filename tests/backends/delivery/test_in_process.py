"""Delivery without a broker: sending is handling."""

import asyncio

import pytest

from safelight.backends.delivery import Unreadable
from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.backends.objects import StoreUnavailable
from safelight.contract.messages import DEAD_LETTERS, JOBS, Message

JOB = Message(JOBS, "image", b"any bytes", {"ce_id": "1"})
BACKOFF = (0.01, 0.02, 0.03)


@pytest.fixture
def delivery() -> InProcessDelivery:
    return InProcessDelivery(BACKOFF)


async def test_send_returns_only_after_the_handler_has_finished(
    delivery: InProcessDelivery,
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    finished = False

    async def handle(_message: Message) -> None:
        nonlocal finished
        begun.set()
        await go_on.wait()
        finished = True

    delivery.subscribe(JOBS, handle, "test")
    sending = asyncio.create_task(delivery.send(JOB))
    await begun.wait()
    assert not sending.done()
    go_on.set()
    await sending
    assert finished


async def test_a_dead_letter_that_nobody_can_keep_is_not_taken_for_delivered(
    delivery: InProcessDelivery,
) -> None:
    tries = 0

    async def refuse(_message: Message) -> None:
        raise Unreadable("no Job")

    async def fail(_message: Message) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError("not now")

    delivery.subscribe(JOBS, refuse, "test")
    delivery.subscribe(DEAD_LETTERS, fail, "test")
    with pytest.raises(RuntimeError, match="dead letter could not be kept"):
        await delivery.send(JOB)
    assert tries == len(BACKOFF) + 1
    [failure] = await delivery.send_all([JOB])
    assert isinstance(failure, RuntimeError)


async def test_what_stays_away_is_left_to_the_sender_and_is_no_dead_letter() -> None:
    delivery, letters = InProcessDelivery(BACKOFF, away_seconds=0.1), list[Message]()

    async def fail(_message: Message) -> None:
        raise StoreUnavailable("away")

    async def keep(message: Message) -> None:
        letters.append(message)

    delivery.subscribe(JOBS, fail, "test")
    delivery.subscribe(DEAD_LETTERS, keep, "test")
    with pytest.raises(StoreUnavailable):
        await delivery.send(JOB)
    assert letters == []


async def test_a_sender_that_is_cancelled_stops_trying(delivery: InProcessDelivery) -> None:
    begun = asyncio.Event()
    heard: list[Message] = []

    async def handle(message: Message) -> None:
        heard.append(message)
        begun.set()
        await asyncio.Event().wait()

    delivery.subscribe(JOBS, handle, "test")
    sending = asyncio.create_task(delivery.send(JOB))
    await begun.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert heard == [JOB]

"""How messages travel: one suite over the port. Another adapter is one more parameter."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from safelight.backends.delivery import Delivery, Unreadable
from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.contract.messages import DEAD_LETTERS, EVENTS, JOBS, OUTCOMES, Message

BACKOFF = (0.01, 0.02, 0.03)
TRIES = len(BACKOFF) + 1
JOB = Message(JOBS, "image", b"\xff any bytes \0", {"ce_id": "1"})


@pytest.fixture(params=["in process"])
async def delivery(request: pytest.FixtureRequest) -> AsyncIterator[Delivery]:
    delivery: Delivery = InProcessDelivery(BACKOFF)
    await delivery.start()
    yield delivery
    await delivery.stop()


class Listener:
    """Remembers what it was handed, and fails as often as it is told."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.heard: list[Message] = []
        self._failures = failures
        self._error = error or RuntimeError("not now")

    async def __call__(self, message: Message) -> None:
        self.heard.append(message)
        if len(self.heard) <= self._failures:
            raise self._error


def listening(delivery: Delivery, topic: str, listener: Listener | None = None) -> Listener:
    listener = listener or Listener()
    delivery.subscribe(topic, listener)
    return listener


async def test_a_message_arrives_whole_at_every_listener_of_its_topic_alone(
    delivery: Delivery,
) -> None:
    jobs = [listening(delivery, JOBS), listening(delivery, JOBS)]
    events = listening(delivery, EVENTS)
    await delivery.send(JOB)
    assert [listener.heard for listener in jobs] == [[JOB], [JOB]]
    assert events.heard == []


async def test_a_message_that_nobody_listens_to_is_delivered(delivery: Delivery) -> None:
    await delivery.send(JOB)


async def test_send_returns_only_after_the_handler_has_finished(delivery: Delivery) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    finished = False

    async def handle(_message: Message) -> None:
        nonlocal finished
        begun.set()
        await go_on.wait()
        finished = True

    delivery.subscribe(JOBS, handle)
    sending = asyncio.create_task(delivery.send(JOB))
    await begun.wait()
    assert not sending.done()
    go_on.set()
    await sending
    assert finished


async def test_a_handler_that_fails_is_tried_again_after_each_pause(delivery: Delivery) -> None:
    listener = listening(delivery, JOBS, Listener(failures=TRIES - 1))
    letters = listening(delivery, DEAD_LETTERS)
    started = monotonic()
    await delivery.send(JOB)
    assert monotonic() - started >= sum(BACKOFF)
    assert listener.heard == [JOB] * TRIES
    assert letters.heard == []


async def test_after_the_last_try_it_is_a_dead_letter_with_reason_and_original_bytes(
    delivery: Delivery,
) -> None:
    listener = listening(delivery, JOBS, Listener(failures=99, error=OSError("disk on fire")))
    letters = listening(delivery, DEAD_LETTERS)
    await delivery.send(JOB)
    assert len(listener.heard) == TRIES
    [letter] = letters.heard
    assert (letter.key, letter.body) == (JOB.key, JOB.body)
    assert letter.headers == JOB.headers | {
        "safelight-topic": JOBS,
        "safelight-reason": "OSError: disk on fire",
    }


async def test_what_can_not_be_read_is_a_dead_letter_at_once(delivery: Delivery) -> None:
    listener = listening(delivery, JOBS, Listener(failures=99, error=Unreadable("no Job")))
    letters = listening(delivery, DEAD_LETTERS)
    await delivery.send(JOB)
    assert listener.heard == [JOB]
    [letter] = letters.heard
    assert letter.body == JOB.body
    assert letter.headers["safelight-reason"] == "no Job"


async def test_one_listener_that_fails_keeps_nothing_from_the_others(delivery: Delivery) -> None:
    listening(delivery, JOBS, Listener(failures=99, error=Unreadable("no Job")))
    other = listening(delivery, JOBS)
    listening(delivery, DEAD_LETTERS)
    await delivery.send(JOB)
    assert other.heard == [JOB]


async def test_a_dead_letter_that_nobody_can_keep_is_not_taken_for_delivered(
    delivery: Delivery,
) -> None:
    listening(delivery, JOBS, Listener(failures=99, error=Unreadable("no Job")))
    letters = listening(delivery, DEAD_LETTERS, Listener(failures=99))
    with pytest.raises(RuntimeError, match="dead letter could not be kept"):
        await delivery.send(JOB)
    assert len(letters.heard) == TRIES


async def test_a_handler_may_send_while_it_handles(delivery: Delivery) -> None:
    outcome = Message(OUTCOMES, JOB.key, b"{}")

    async def handle(_message: Message) -> None:
        await delivery.send(outcome)

    delivery.subscribe(JOBS, handle)
    outcomes = listening(delivery, OUTCOMES)
    await delivery.send(JOB)
    assert outcomes.heard == [outcome]


async def test_a_sender_that_is_cancelled_stops_trying(delivery: Delivery) -> None:
    begun = asyncio.Event()
    tries = 0

    async def handle(_message: Message) -> None:
        nonlocal tries
        tries += 1
        begun.set()
        await asyncio.Event().wait()

    delivery.subscribe(JOBS, handle)
    letters = listening(delivery, DEAD_LETTERS)
    sending = asyncio.create_task(delivery.send(JOB))
    await begun.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert tries == 1
    assert letters.heard == []

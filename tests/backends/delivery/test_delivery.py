"""How messages travel: one suite over the port, for both adapters."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from time import monotonic

import pytest

from safelight.backends.delivery import Delivery, Unreadable
from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.backends.delivery.kafka import KafkaDelivery
from safelight.backends.objects import NoRoom, StoreUnavailable
from safelight.contract.messages import DEAD_LETTERS, EVENTS, JOBS, OUTCOMES, Message
from tests.backends.delivery.given import cluster_at, connected
from tests.servers import Broker

BACKOFF = (0.01, 0.02, 0.03)
TRIES = len(BACKOFF) + 1
PATIENCE = 30.0
JOB = Message(JOBS, "image", b"\xff any bytes \0", {"ce_id": "1", "content-type": "image/x"})
_groups = count(1)


@pytest.fixture(params=["in process", "kafka"])
async def delivery(request: pytest.FixtureRequest) -> AsyncIterator[Delivery]:
    """Not started yet, so that a test may subscribe."""
    delivery: Delivery = InProcessDelivery(BACKOFF)
    if request.param == "kafka":
        broker: Broker = request.getfixturevalue("broker")
        delivery = KafkaDelivery(cluster_at(broker), BACKOFF)
    yield delivery
    await delivery.stop(patience=1)


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
    delivery.subscribe(topic, listener, f"group-{next(_groups)}")
    return listener


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.01)


async def test_a_message_arrives_whole_in_every_group_of_its_topic_alone(
    delivery: Delivery,
) -> None:
    jobs = [listening(delivery, JOBS), listening(delivery, JOBS)]
    events = listening(delivery, EVENTS)
    await connected(delivery)
    await delivery.send(JOB)
    await until(lambda: all(listener.heard for listener in jobs))
    assert [listener.heard for listener in jobs] == [[JOB], [JOB]]
    assert events.heard == []


async def test_a_message_that_nobody_listens_to_is_delivered(delivery: Delivery) -> None:
    await connected(delivery)
    await delivery.send(JOB)


async def test_many_messages_arrive_each_and_in_order_for_each_key(delivery: Delivery) -> None:
    listener = listening(delivery, JOBS)
    await connected(delivery)
    messages = [
        Message(JOBS, f"image {n % 7}", str(n).encode(), JOB.headers | {"ce_id": str(n)})
        for n in range(300)
    ]
    assert await delivery.send_all(messages) == [None] * len(messages)
    await until(lambda: len(listener.heard) == len(messages))
    for key in {message.key for message in messages}:
        sent = [message for message in messages if message.key == key]
        assert [message for message in listener.heard if message.key == key] == sent


async def test_a_handler_that_fails_is_tried_again_after_each_pause(delivery: Delivery) -> None:
    listener = listening(delivery, JOBS, Listener(failures=TRIES - 1))
    letters = listening(delivery, DEAD_LETTERS)
    await connected(delivery)
    started = monotonic()
    await delivery.send(JOB)
    await until(lambda: len(listener.heard) == TRIES)
    assert monotonic() - started >= sum(BACKOFF)
    assert listener.heard == [JOB] * TRIES
    assert letters.heard == []


async def test_what_is_away_is_waited_for_and_costs_no_try(delivery: Delivery) -> None:
    away = ExceptionGroup("all parts", [StoreUnavailable("away"), NoRoom("full")])
    listener = listening(delivery, JOBS, Listener(failures=3 * TRIES, error=away))
    letters = listening(delivery, DEAD_LETTERS)
    await connected(delivery)
    await delivery.send(JOB)
    await until(lambda: len(listener.heard) > 3 * TRIES)
    assert listener.heard == [JOB] * (3 * TRIES + 1)
    assert letters.heard == []


async def test_after_the_last_try_it_is_a_dead_letter_with_reason_and_original_bytes(
    delivery: Delivery,
) -> None:
    listener = listening(delivery, JOBS, Listener(failures=99, error=OSError("disk on fire")))
    letters = listening(delivery, DEAD_LETTERS)
    await connected(delivery)
    await delivery.send(JOB)
    await until(lambda: bool(letters.heard))
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
    await connected(delivery)
    await delivery.send(JOB)
    await until(lambda: bool(letters.heard))
    assert listener.heard == [JOB]
    [letter] = letters.heard
    assert letter.body == JOB.body
    assert letter.headers["safelight-reason"] == "no Job"


async def test_one_listener_that_fails_keeps_nothing_from_the_others(delivery: Delivery) -> None:
    listening(delivery, JOBS, Listener(failures=99, error=Unreadable("no Job")))
    other = listening(delivery, JOBS)
    listening(delivery, DEAD_LETTERS)
    await connected(delivery)
    await delivery.send(JOB)
    await until(lambda: bool(other.heard))
    assert other.heard == [JOB]


async def test_a_handler_may_send_while_it_handles(delivery: Delivery) -> None:
    outcome = Message(OUTCOMES, JOB.key, b"{}", {"content-type": "application/json"})

    async def handle(_message: Message) -> None:
        await delivery.send(outcome)

    delivery.subscribe(JOBS, handle, "processor")
    outcomes = listening(delivery, OUTCOMES)
    await connected(delivery)
    await delivery.send(JOB)
    await until(lambda: bool(outcomes.heard))
    assert outcomes.heard == [outcome]

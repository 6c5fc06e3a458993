"""The promised messages, and the relay that delivers them."""

import asyncio
from collections import defaultdict

import pytest

from safelight.backends.database import Database
from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.contract.messages import EVENTS, JOBS, Message
from safelight.image_app import clock, outbox
from safelight.image_app import relay as relays
from safelight.image_app.outbox import Promise
from safelight.image_app.relay import AT_ONCE, Relay
from safelight.image_app.resources import Resources
from safelight.image_app.work import begin
from tests.image_app.given import promised

PATIENCE = 60.0


def message(key: str, number: int, topic: str = JOBS) -> Message:
    return Message(topic, key, f"{key} {number}".encode(), {"ce_id": str(number)})


async def promise(database: Database, *messages: Message, whose: str | None = None) -> None:
    async with database.writing() as connection:
        await outbox.write(connection, [Promise(message, whose) for message in messages])


class Recipient:
    """Takes messages from an in-process delivery; holds or refuses them as it is told."""

    def __init__(self, topic: str = JOBS) -> None:
        self.delivery = InProcessDelivery(backoff=())
        self.delivery.subscribe(topic, self._handle, "test")
        self.taken: list[Message] = []
        self.offered: list[Message] = []
        self.open = asyncio.Event()
        self.open.set()
        self._changed = asyncio.Condition()

    async def _handle(self, message: Message) -> None:
        async with self._changed:
            self.offered.append(message)
            self._changed.notify_all()
        await self.open.wait()
        async with self._changed:
            self.taken.append(message)
            self._changed.notify_all()

    async def has_taken(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.taken) >= count)

    async def was_offered(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.offered) >= count)


async def nothing_promised(database: Database, topic: str = JOBS) -> None:
    """Wait until every promise is kept and deleted."""
    async with asyncio.timeout(PATIENCE):
        while await promised(database, topic):
            await asyncio.sleep(0.005)


async def stop(relay: Relay, patience: float = PATIENCE) -> None:
    async with asyncio.timeout(2 * PATIENCE):
        await relay.stop(patience)


async def test_what_was_promised_is_delivered_whole_and_then_forgotten(
    database: Database,
) -> None:
    recipient = Recipient()
    await promise(database, message("a", 1))
    relay = Relay(JOBS, database, recipient.delivery)
    relay.start()
    await nothing_promised(database)
    await stop(relay)
    assert recipient.taken == [message("a", 1)]


async def test_a_relay_takes_its_own_topic_alone(database: Database) -> None:
    recipient = Recipient()
    await promise(database, message("a", 1, EVENTS), message("a", 2))
    relay = Relay(JOBS, database, recipient.delivery)
    relay.start()
    await nothing_promised(database)
    await stop(relay)
    assert await promised(database, EVENTS) == [message("a", 1, EVENTS)]


async def test_a_promise_in_a_work_that_fails_was_never_made(
    resources: Resources, relay_woken: asyncio.Event
) -> None:
    with pytest.raises(RuntimeError, match="on purpose"):  # noqa: PT012 - the block is what is tested
        async with begin(resources) as work:
            work.promise(message("a", 1))
            raise RuntimeError("on purpose")
    assert await promised(resources.database, JOBS) == []
    assert not relay_woken.is_set()


async def test_the_relay_is_woken_once_a_promise_is_committed(
    resources: Resources, relay_woken: asyncio.Event
) -> None:
    async with begin(resources) as work:
        work.promise(message("a", 1))
        assert not relay_woken.is_set()
    assert relay_woken.is_set()
    assert await promised(resources.database, JOBS) == [message("a", 1)]


async def test_a_woken_relay_delivers_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "PAUSE", 3600.0)
    recipient = Recipient()
    relay = Relay(JOBS, database, recipient.delivery)
    relay.start()
    for number in range(20):  # were one of them left to the next look, this would take an hour
        await promise(database, message("a", number))
        relay.wake()
        await recipient.has_taken(number + 1)
    await stop(relay)


async def test_messages_of_one_image_keep_their_order_and_images_do_not_wait_for_each_other(
    database: Database,
) -> None:
    images = [f"image-{i}" for i in range(10)]
    messages = [message(image, number) for number in range(5) for image in images]
    await promise(database, *messages)
    recipient = Recipient()
    recipient.open.clear()
    relay = Relay(JOBS, database, recipient.delivery)
    relay.start()
    await recipient.was_offered(len(images))
    assert {m.key for m in recipient.offered} == set(images)
    assert all(m.headers["ce_id"] == "0" for m in recipient.offered)
    recipient.open.set()
    await nothing_promised(database)
    await stop(relay)
    order: dict[str, list[str]] = defaultdict(list)
    for taken in recipient.taken:
        order[taken.key].append(taken.headers["ce_id"])
    assert order == {image: ["0", "1", "2", "3", "4"] for image in images}


async def test_more_images_than_are_taken_at_once_are_all_delivered(database: Database) -> None:
    count = AT_ONCE * 2 + 5
    await promise(database, *(message(f"image-{i}", 1) for i in range(count)))
    recipient = Recipient()
    recipient.open.clear()
    relay = Relay(JOBS, database, recipient.delivery)
    relay.start()
    await recipient.was_offered(AT_ONCE)
    assert len(recipient.offered) == AT_ONCE
    recipient.open.set()
    await nothing_promised(database)
    await stop(relay)
    assert len({m.key for m in recipient.taken}) == count


async def test_who_has_promised_a_little_does_not_wait_for_one_who_has_promised_much(
    database: Database,
) -> None:
    ann, bob = clock.new_id(), clock.new_id()
    await promise(database, *(message(f"ann-{n}", n) for n in range(100)), whose=ann)
    await promise(database, message("nobody", 1))
    recipient = Recipient()
    recipient.open.clear()
    relay = Relay(JOBS, database, recipient.delivery, at_once=4)
    relay.start()
    await recipient.was_offered(4)
    await promise(database, *(message(f"bob-{n}", n) for n in range(3)), whose=bob)
    recipient.open.set()
    await recipient.has_taken(104)
    await stop(relay)
    keys = [taken.key for taken in recipient.taken]
    assert len(set(keys)) == 104
    assert max(keys.index(f"bob-{n}") for n in range(3)) < 16


async def test_after_a_failure_the_rest_of_the_image_waits_and_the_order_is_kept(
    database: Database,
) -> None:
    await promise(database, *(message("a", n) for n in range(3)), message("b", 0))
    refusing = InProcessDelivery(backoff=())
    others = asyncio.Event()
    offered: list[Message] = []

    async def refuse(message: Message) -> None:
        if message.key == "b":
            others.set()
            return
        offered.append(message)
        raise OSError("the world is unwell")

    refusing.subscribe(JOBS, refuse, "test")
    refusing.subscribe("safelight.dead-letters", refuse, "test")
    relay = Relay(JOBS, database, refusing)
    relay.start()
    await asyncio.wait_for(others.wait(), PATIENCE)
    await stop(relay, 0)
    assert {m.headers["ce_id"] for m in offered} == {"0"}
    assert await promised(database, JOBS) == [message("a", n) for n in range(3)]

    recipient = Recipient()
    relay = Relay(JOBS, database, recipient.delivery)
    relay.start()
    await nothing_promised(database)
    await stop(relay)
    assert recipient.taken == [message("a", n) for n in range(3)]


async def test_a_crash_between_delivery_and_deletion_delivers_twice_and_never_not_at_all(
    database: Database,
) -> None:
    await promise(database, message("a", 1))
    handled = asyncio.Event()

    class Crashing(InProcessDelivery):
        """Delivers, and is cut off before it can say so."""

        async def send(self, message: Message) -> None:
            await super().send(message)
            handled.set()
            await asyncio.Event().wait()

    heard: list[Message] = []

    async def hear(message: Message) -> None:
        heard.append(message)

    crashing = Crashing(backoff=())
    crashing.subscribe(JOBS, hear, "test")
    relay = Relay(JOBS, database, crashing)
    relay.start()
    await asyncio.wait_for(handled.wait(), PATIENCE)
    await stop(relay, 0)
    assert await promised(database, JOBS) == [message("a", 1)]

    delivery = InProcessDelivery(backoff=())
    delivery.subscribe(JOBS, hear, "test")
    relay = Relay(JOBS, database, delivery)
    relay.start()
    await nothing_promised(database)
    await stop(relay)
    assert heard == [message("a", 1)] * 2


async def test_stopping_finishes_what_is_under_way_and_leaves_the_rest_promised(
    database: Database,
) -> None:
    await promise(database, *(message("a", n) for n in range(2)))
    recipient = Recipient()
    recipient.open.clear()
    relay = Relay(JOBS, database, recipient.delivery)
    relay.start()
    await recipient.was_offered(1)
    stopping = asyncio.create_task(stop(relay))
    await promise(database, message("b", 0))
    relay.wake()
    recipient.open.set()
    await stopping
    assert recipient.taken == [message("a", 0), message("a", 1)]
    assert await promised(database, JOBS) == [message("b", 0)]


async def test_what_is_not_delivered_when_patience_ends_stays_promised(
    database: Database,
) -> None:
    await promise(database, message("a", 1))
    recipient = Recipient()
    recipient.open.clear()
    relay = Relay(JOBS, database, recipient.delivery)
    relay.start()
    await recipient.was_offered(1)
    await stop(relay, 0.01)
    assert recipient.taken == []
    assert await promised(database, JOBS) == [message("a", 1)]


async def test_a_relay_that_never_started_stops(database: Database) -> None:
    await stop(Relay(JOBS, database, InProcessDelivery()))


async def test_a_relay_that_is_woken_as_it_is_stopped_stops(database: Database) -> None:
    relays = [Relay(JOBS, database, InProcessDelivery()) for _ in range(10)]
    for relay in relays:
        relay.start()
    for _ in range(10):  # by then each has looked at the table and waits to be woken
        await promised(database, JOBS)
    for relay in relays:
        relay.wake()
    await asyncio.gather(*(stop(relay) for relay in relays))

"""The relay of many processes: one at a time, oldest first, nothing forgotten before it arrived."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from safelight.backends.database import Database
from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.contract.messages import DEAD_LETTERS, JOBS, Message
from safelight.image_app import broker_relay, outbox
from safelight.image_app.broker_relay import BrokerRelay
from tests.image_app.given import promised

PATIENCE = 20.0

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Recipient:
    """Takes messages, but for those that it is told to refuse."""

    def __init__(self) -> None:
        self.delivery = InProcessDelivery(backoff=())
        self.delivery.subscribe(JOBS, self._take, "test")
        self.delivery.subscribe(DEAD_LETTERS, self._refuse, "test")
        self.offered: list[bytes] = []
        self.taken: list[bytes] = []
        self.refused: set[bytes] = set()

    async def _take(self, message: Message) -> None:
        self.offered.append(message.body)
        if message.body in self.refused:
            raise RuntimeError("not now")
        self.taken.append(message.body)

    async def _refuse(self, message: Message) -> None:
        raise RuntimeError("no letters here")


def message(key: str, number: int) -> Message:
    return Message(JOBS, key, f"{key}{number}".encode(), {"ce_id": str(number)})


async def promise(database: Database, *messages: Message) -> None:
    async with database.writing() as connection:
        await outbox.write(connection, [outbox.Promise(message) for message in messages])


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.01)


async def nothing_promised(database: Database) -> None:
    async with asyncio.timeout(PATIENCE):
        while await promised(database, JOBS):
            await asyncio.sleep(0.01)


@pytest.fixture
async def relays() -> AsyncIterator[list[BrokerRelay]]:
    """Stopped when the test is over."""
    relays: list[BrokerRelay] = []
    yield relays
    for relay in relays:
        await relay.stop(patience=1)


def a_relay(database: Database, recipient: Recipient, relays: list[BrokerRelay]) -> BrokerRelay:
    relays.append(BrokerRelay(database, database.presence(), recipient.delivery))
    relays[-1].start()
    return relays[-1]


async def test_promises_are_kept_in_their_order_and_then_forgotten(
    database: Database, relays: list[BrokerRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_relay, "BATCH", 10)
    recipient = Recipient()
    messages = [message("abc"[n % 3], n) for n in range(60)]
    await promise(database, *messages)
    a_relay(database, recipient, relays)
    await nothing_promised(database)
    assert recipient.taken == [m.body for m in messages]


async def test_a_commit_wakes_it_at_once(
    database: Database, relays: list[BrokerRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_relay, "PAUSE", 3600.0)
    recipient = Recipient()
    a_relay(database, recipient, relays)
    await promise(database, message("a", 0))
    await until(lambda: recipient.taken == [b"a0"])
    for number in range(1, 20):  # were one of them left to the next look, this would take an hour
        await promise(database, message("a", number))
        async with asyncio.timeout(PATIENCE):
            while len(recipient.taken) <= number:
                await asyncio.sleep(0.005)


async def test_what_did_not_arrive_stays_promised_with_all_that_follows_about_its_image(
    database: Database, relays: list[BrokerRelay]
) -> None:
    recipient = Recipient()
    recipient.refused = {b"a1"}
    await promise(database, *(message(key, n) for n in range(3) for key in ("a", "b")))
    a_relay(database, recipient, relays)
    await until(lambda: recipient.offered.count(b"a1") >= 2)
    assert [m.body for m in await promised(database, JOBS)] == [b"a1", b"a2"]
    assert [body for body in recipient.taken if body[:1] == b"b"] == [b"b0", b"b1", b"b2"]
    recipient.refused = set()
    await nothing_promised(database)
    assert recipient.taken[-2:] == [b"a1", b"a2"]
    assert recipient.taken.count(b"a0") == 1


async def test_one_of_several_is_at_work_and_the_next_when_it_ends(
    database: Database, relays: list[BrokerRelay]
) -> None:
    recipients = [Recipient(), Recipient()]
    first = a_relay(database, recipients[0], relays)
    await promise(database, message("a", 0))
    await until(lambda: recipients[0].taken == [b"a0"])
    a_relay(database, recipients[1], relays)
    for number in range(1, 10):
        await promise(database, message("a", number))
        await nothing_promised(database)
    assert recipients[1].taken == []
    await first.stop(patience=1)
    await promise(database, message("a", 10))
    await nothing_promised(database)
    assert recipients[1].taken == [b"a10"]

"""What only a broker can do: be away, be shared, be written to by anybody."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from safelight.backends.delivery import Handler, Oversized, Undelivered
from safelight.backends.delivery.kafka import KafkaDelivery
from safelight.backends.delivery.topics import Cluster, make_topics
from safelight.backends.delivery.waiting import waiting
from safelight.contract.messages import DEAD_LETTERS, JOBS, Message
from tests.backends.delivery.given import PARTITIONS, cluster_at, connected
from tests.servers import Broker, Noida, chosen_broker

BACKOFF = (0.01, 0.02)
PATIENCE = 40.0
GROUP = "processor"


def job(number: int, key: str = "") -> Message:
    headers = {"ce_id": str(number), "content-type": "application/json"}
    return Message(JOBS, key or f"image {number}", str(number).encode(), headers)


class Member:
    """One process that takes jobs."""

    def __init__(self, cluster: Cluster, handler: Handler | None = None) -> None:
        self.heard: list[Message] = []
        self.letters: list[Message] = []
        self.delivery = KafkaDelivery(cluster, BACKOFF)
        self.delivery.subscribe(JOBS, handler or self._hear, GROUP, at_once=2)

    async def _hear(self, message: Message) -> None:
        self.heard.append(message)

    async def _keep(self, message: Message) -> None:
        self.letters.append(message)

    def keep_letters(self) -> "Member":
        self.delivery.subscribe(DEAD_LETTERS, self._keep, "letters")
        return self


@pytest.fixture
def cluster(broker: Broker) -> Cluster:
    return cluster_at(broker)


@pytest.fixture
async def members() -> AsyncIterator[list[Member]]:
    """Stopped when the test is over."""
    members: list[Member] = []
    yield members
    await asyncio.gather(*(member.delivery.stop(patience=0) for member in members))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Broker]:
    """A broker for one test to mistreat."""
    server = chosen_broker()(tmp_path / "broker")
    server.start()
    yield server
    server.kill()


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.02)


async def write_as_a_stranger(
    cluster: Cluster, *records: tuple[bytes | None, bytes | None]
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=cluster.servers)
    await producer.start()
    headers = [("what", b"\xff\xfe"), ("reply_to", b"elsewhere"), ("content-type", b"\xff")]
    for key, value in records:
        name = cluster.name_of(JOBS)
        await producer.send_and_wait(name, value, key=key, headers=headers, partition=0)
    await producer.stop()


async def test_foreign_messages_become_dead_letters_and_hold_up_nobody(
    cluster: Cluster, members: list[Member]
) -> None:
    good: list[Message] = []

    async def handle(message: Message) -> None:
        if not message.body.isdigit():
            raise ValueError("what is this?")
        good.append(message)

    members.append(Member(cluster, handle).keep_letters())
    await connected(members[0].delivery)
    strange = [b"\xff\xfe\x00", b"", b"{" * 1000, b"x" * 900_000]
    await write_as_a_stranger(cluster, *((b"\xff\x00key", body) for body in strange), (None, b""))
    await write_as_a_stranger(cluster, (b"image", b"42"))
    await until(lambda: len(good) == 1 and len(members[0].letters) == 5)
    assert sorted(letter.body for letter in members[0].letters) == sorted([*strange, b""])
    for letter in members[0].letters:
        assert letter.headers["safelight-reason"] == "ValueError: what is this?"
        assert "\0" not in letter.key + "".join(letter.headers.values())


@pytest.mark.parametrize("body", [b"", b"what was written"])
async def test_a_message_that_grows_too_large_as_text_holds_up_nobody(
    cluster: Cluster, members: list[Member], body: bytes
) -> None:
    good: list[Message] = []

    async def handle(message: Message) -> None:
        if message.body != b"42":
            raise ValueError("what is this?")
        good.append(message)

    members.append(Member(cluster, handle).keep_letters())
    await connected(members[0].delivery)
    await write_as_a_stranger(cluster, (b"\xff" * 900_000, body), (b"image", b"42"))
    await until(lambda: len(good) == 1 and len(members[0].letters) == 1)
    assert members[0].letters[0].body == body
    assert "ValueError: what is this?" in members[0].letters[0].headers["safelight-reason"]


async def test_jobs_are_shared_among_members_and_each_is_done_once(
    cluster: Cluster, members: list[Member]
) -> None:
    members += [Member(cluster), Member(cluster)]
    await asyncio.gather(*(connected(member.delivery) for member in members))
    sent = 0
    async with asyncio.timeout(PATIENCE):
        # One that joins a group which works already is given its share some seconds later.
        while sent < 200 or not all(member.heard for member in members):
            assert await members[0].delivery.send_all([job(n) for n in range(sent, sent + 10)])
            sent += 10
            await asyncio.sleep(0.1)
    await until(lambda: sum(len(member.heard) for member in members) >= sent)
    heard = [message.body for member in members for message in member.heard]
    assert sorted(set(heard)) == sorted(str(n).encode() for n in range(sent))


async def test_who_takes_messages_while_another_joins_stays_a_member(
    cluster: Cluster, members: list[Member]
) -> None:
    first, second = Member(cluster), Member(cluster)
    members += [first, second]
    await connected(first.delivery)
    await first.delivery.send(job(0))
    await until(lambda: bool(first.heard))
    await second.delivery.start()
    number = 0
    while not second.heard and number < 600:
        number += 1
        await first.delivery.send(job(number))
        await asyncio.sleep(0.05)
    wanted = {str(n).encode() for n in range(number + 1)}
    await until(lambda: {m.body for m in first.heard + second.heard} == wanted)


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
async def test_what_others_have_compressed_is_read(
    cluster: Cluster, members: list[Member], compression: str
) -> None:
    members.append(Member(cluster))
    await connected(members[0].delivery)
    producer = AIOKafkaProducer(bootstrap_servers=cluster.servers, compression_type=compression)
    await producer.start()
    await producer.send_and_wait(cluster.name_of(JOBS), b"x" * 1000, key=b"image")
    await producer.stop()
    await until(lambda: [message.body for message in members[0].heard] == [b"x" * 1000])


async def test_a_message_is_taken_only_once_its_handler_is_done(
    cluster: Cluster, members: list[Member]
) -> None:
    begun = asyncio.Event()

    async def hang(_message: Message) -> None:
        begun.set()
        await asyncio.Event().wait()

    first = Member(cluster, hang)
    members.append(first)
    await connected(first.delivery)
    await first.delivery.send(job(1))
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
    await first.delivery.stop(patience=0)
    assert [m.body for m in [m async for m in waiting(cluster, JOBS, GROUP)]] == [b"1"]
    members.append(Member(cluster))
    await connected(members[1].delivery)
    await until(lambda: bool(members[1].heard))
    await members[1].delivery.stop(patience=PATIENCE)
    assert [m async for m in waiting(cluster, JOBS, GROUP)] == []


async def test_what_waits_for_a_group_is_found_by_who_asks(cluster: Cluster) -> None:
    sender = KafkaDelivery(cluster)
    await connected(sender)
    assert await sender.send_all([job(n) for n in range(30)]) == [None] * 30
    assert [m async for m in waiting(cluster, DEAD_LETTERS, "letters")] == []
    found = [message async for message in waiting(cluster, JOBS, GROUP)]
    assert sorted(m.body for m in found) == sorted(str(n).encode() for n in range(30))
    await sender.stop(patience=0)


async def test_it_comes_up_before_its_broker_and_finds_it_later(
    tmp_path: Path, members: list[Member]
) -> None:
    server = chosen_broker()(tmp_path / "broker")
    members.append(Member(cluster_at(server)))
    delivery = members[0].delivery
    await delivery.start()
    assert not delivery.is_up()
    with pytest.raises(Undelivered):
        await delivery.send(job(1))
    try:
        await asyncio.to_thread(server.start)
        await until(delivery.is_up)
        await delivery.send(job(2))
        await until(lambda: bool(members[0].heard))
    finally:
        server.kill()


async def test_a_broker_that_was_killed_is_found_again_by_senders_and_takers(
    server: Broker, members: list[Member]
) -> None:
    members.append(Member(cluster_at(server)))
    delivery = members[0].delivery
    await connected(delivery)
    await delivery.send(job(1))
    await until(lambda: bool(members[0].heard))
    await asyncio.to_thread(server.kill)
    sending = asyncio.create_task(delivery.send_all([job(2)]))
    await asyncio.sleep(1)
    await asyncio.to_thread(server.start)
    [failure] = await sending
    async with asyncio.timeout(PATIENCE):
        while failure is not None:
            await asyncio.sleep(0.1)
            [failure] = await delivery.send_all([job(2)])
    await until(lambda: job(2) in members[0].heard)


@pytest.mark.skipif(chosen_broker() is Noida, reason="needs a broker that refuses what is large")
async def test_a_message_that_the_broker_refuses_does_not_stop_those_behind_it(
    cluster: Cluster, members: list[Member]
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.servers)
    await admin.start()
    small = {"max.message.bytes": "10000"}
    topic = NewTopic(cluster.name_of(JOBS), PARTITIONS, 1, topic_configs=small)
    await admin.create_topics([topic])
    await admin.close()
    members.append(Member(cluster))
    delivery = members[0].delivery
    await connected(delivery)
    await delivery.send(job(1, "image"))
    with pytest.raises(Oversized):
        await delivery.send(Message(JOBS, "image", b"x" * 20_000))
    async with asyncio.timeout(PATIENCE):
        while await delivery.send_all([job(2, "image")]) != [None]:
            await asyncio.sleep(0.1)
    await until(lambda: job(2, "image") in members[0].heard)


async def test_topics_are_made_once_and_left_as_they_are(cluster: Cluster) -> None:
    await make_topics(cluster)
    other = Cluster(cluster.servers, cluster.prefix, PARTITIONS + 1, 1)
    await make_topics(other)
    sender = KafkaDelivery(other)
    await connected(sender)
    await sender.send(job(1))
    await sender.stop(patience=0)


@pytest.mark.parametrize(
    "url", ["kafka://", "kafka://host", "http://host:9092", "kafka://a:1,", "kafka://u:p@host:9092"]
)
def test_a_url_that_is_none_of_kafkas_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="kafka://host:port"):
        Cluster.at(url, "safelight", 1, 1)


def test_a_topic_has_the_prefix_of_its_installation() -> None:
    cluster = Cluster.at("kafka://one:9092,two:9092", "shop", 1, 1)
    assert cluster.servers == ["one:9092", "two:9092"]
    assert cluster.name_of(JOBS) == "shop.jobs"

"""How many promised messages a second one relay brings to the broker."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from itertools import count

import uvloop
from aiokafka import AIOKafkaProducer
from sqlalchemy import exists, select

from bench.scaled import messages
from bench.table import Row
from safelight.backends.database import Database
from safelight.backends.delivery.kafka import KafkaDelivery
from safelight.backends.delivery.topics import LARGEST_BYTES, Cluster, make_topics
from safelight.contract.messages import Message
from safelight.image_app import outbox
from safelight.image_app.broker_relay import BrokerRelay
from safelight.image_app.migrations import migrate
from safelight.image_app.models import outbox as promises
from tests.scaled import Servers

PROMISED = 50_000
IMAGES = 5_000
ROUNDS = 3
TARGET = 3_000
"""Messages a second, on 2 cores."""
PARTITIONS = 12
"""As many as the product makes by itself."""
PATIENCE = 300
LOOK_SECONDS = 0.02
ELECTION_SECONDS = 1.0
"""In which the partitions of a new topic get their leaders."""

LEFT = select(exists(select(promises.c.id)))

_prefixes = (f"relay{number}" for number in count(1))


def measure(servers: Servers) -> list[Row]:
    """Medians of rounds, each with a database and topics of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rounds = [runner.run(_round(servers)) for _ in range(ROUNDS)]
    bare = statistics.median(sent for sent, _, _ in rounds)
    relayed = statistics.median(relayed for _, relayed, _ in rounds)
    wrong = sum(wrong for _, _, wrong in rounds)
    return [
        Row(
            f"{PROMISED} promised messages over {IMAGES} images, a second, by one relay",
            f"{bare:.0f} bare aiokafka",
            f"{relayed:.0f} = {relayed / bare:.2f}",
            relayed >= TARGET,
            f"≥ {TARGET}",
        ),
        Row(
            "relayed messages that were lost, doubled or out of their image's order",
            f"{PROMISED * ROUNDS} promised",
            str(wrong),
            wrong == 0,
            "0",
        ),
    ]


async def _round(servers: Servers) -> tuple[float, float, int]:
    """Messages a second of a bare producer and of the relay, and how many came wrong."""
    jobs = messages.jobs(PROMISED, IMAGES)
    bare = PROMISED / await _send_bare(await _cluster(servers), jobs)
    cluster = await _cluster(servers)
    database = Database(servers.postgres.url(servers.postgres.create()))
    try:
        await migrate(database)
        async with database.writing() as connection:
            await outbox.write(connection, [outbox.Promise(job) for job in jobs])
        relayed = PROMISED / await _relay(database, cluster)
    finally:
        await database.close()
    return bare, relayed, _wrong(jobs, await messages.arrived(cluster))


async def _cluster(servers: Servers) -> Cluster:
    cluster = Cluster.at(servers.broker.url, next(_prefixes), PARTITIONS, 1)
    await make_topics(cluster)
    await asyncio.sleep(ELECTION_SECONDS)
    return cluster


async def _relay(database: Database, cluster: Cluster) -> float:
    """Seconds from the relay's start until nothing is promised any more."""
    delivery = KafkaDelivery(cluster)
    relay = BrokerRelay(database, database.presence(), delivery)
    await delivery.start()
    while not delivery.is_up():
        await asyncio.sleep(LOOK_SECONDS)
    async with database.reading() as connection, asyncio.timeout(PATIENCE):
        started = time.perf_counter()
        relay.start()
        while (await connection.execute(LEFT)).scalar_one():
            await asyncio.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - started
    await relay.stop(PATIENCE)
    await delivery.stop(PATIENCE)
    return seconds


async def _send_bare(cluster: Cluster, jobs: Sequence[Message]) -> float:
    """Seconds for the same messages from memory, without promises."""
    producer = AIOKafkaProducer(
        bootstrap_servers=cluster.servers,
        acks="all",
        enable_idempotence=True,
        max_request_size=LARGEST_BYTES,
    )
    await producer.start()
    try:
        started = time.perf_counter()
        waiting = [
            await producer.send(
                cluster.name_of(job.topic),
                job.body,
                job.key.encode(),
                headers=[(name, value.encode()) for name, value in job.headers.items()],
            )
            for job in jobs
        ]
        await asyncio.gather(*waiting)
        return time.perf_counter() - started
    finally:
        await producer.stop()


def _wrong(jobs: Sequence[Message], found: Sequence[Message]) -> int:
    """Messages of images about which the topic does not say just what was promised."""
    expected, came = messages.by_image(jobs), messages.by_image(found)
    return sum(
        max(len(expected.get(image, ())), len(came.get(image, ())))
        for image in expected.keys() | came.keys()
        if expected.get(image) != came.get(image)
    )

"""Jobs as the API promises them, and what has arrived of them on the topic."""

from collections import defaultdict
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from safelight.backends.delivery.records import message_of_record
from safelight.backends.delivery.topics import Cluster
from safelight.contract.messages import JOBS, Job, Message, WantedVariant, job_message
from safelight.contract.presets import BUILT_IN
from safelight.image_app import clock

NUMBER = "ce_id"
"""Header that tells the messages of one image apart; jobs have their id in it."""
QUIET_MS = 2000
"""Longest pause after which the topic counts as read to its end."""


def jobs(count: int, images: int) -> list[Message]:
    """One job after the other for each image in turn, all variants wanted."""
    account_id = clock.new_id()
    ids = [clock.new_id() for _ in range(images)]
    return [_job(account_id, ids[number % images], number) for number in range(count)]


def _job(account_id: str, image_id: str, number: int) -> Message:
    wanted = [WantedVariant(name=n, transformation=t) for n, t in BUILT_IN.items()]
    job = Job(
        id=clock.new_id(),
        account_id=account_id,
        image_id=image_id,
        content_type="image/jpeg",
        size=5_000_000 + number,
        sha256=f"{number:064x}",
        variants=wanted,
    )
    return job_message(job, clock.now())


def by_image(messages: Sequence[Message]) -> dict[str, list[str]]:
    """What tells the messages of each image apart, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        found[message.key].append(message.headers[NUMBER])
    return found


async def arrived(cluster: Cluster) -> list[Message]:
    """Every job on the topic, those of one partition in their order."""
    name = cluster.name_of(JOBS)
    consumer = AIOKafkaConsumer(bootstrap_servers=cluster.servers, enable_auto_commit=False)
    await consumer.start()
    found: list[Message] = []
    try:
        partitions = [TopicPartition(name, number) for number in range(cluster.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        while batches := await consumer.getmany(timeout_ms=QUIET_MS):
            found += [message_of_record(JOBS, r) for records in batches.values() for r in records]
    finally:
        await consumer.stop()
    return found

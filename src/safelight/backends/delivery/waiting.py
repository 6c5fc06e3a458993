"""What a group has still to take from a topic: promises that have left the outbox."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from safelight.backends.delivery.records import message_of_record
from safelight.backends.delivery.topics import Cluster
from safelight.contract.messages import Message


async def waiting(cluster: Cluster, topic: str, group: str) -> AsyncIterator[Message]:
    """Every message that no member of the group has taken for good, while all stand still.

    Raises `KafkaError`.
    """
    name = cluster.name_of(topic)
    numbers, taken = await _asked(cluster, name, f"{cluster.prefix}-{group}")
    consumer = AIOKafkaConsumer(bootstrap_servers=cluster.servers, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(name, number) for number in numbers]
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        for partition in partitions:
            start = max(taken.get(partition, 0), begins[partition])
            async for record in _between(consumer, partition, start, ends[partition]):
                yield message_of_record(topic, record)
    finally:
        await consumer.stop()


async def _asked(
    cluster: Cluster, topic: str, group: str
) -> tuple[list[int], dict[TopicPartition, int]]:
    """The partitions of the topic, none if it is missing, and what the group has committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.servers)
    await admin.start()
    try:
        if topic not in await admin.list_topics():
            return [], {}
        [described] = await admin.describe_topics([topic])
        offsets = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    numbers = sorted(partition["partition"] for partition in described["partitions"])
    return numbers, {partition: found.offset for partition, found in offsets.items()}


async def _between(
    consumer: AIOKafkaConsumer, partition: TopicPartition, start: int, end: int
) -> AsyncIterator[ConsumerRecord]:
    if start >= end:
        return
    consumer.assign([partition])
    consumer.seek(partition, start)
    while await consumer.position(partition) < end:
        batches = await consumer.getmany(partition, timeout_ms=1000)
        for record in batches.get(partition, ()):
            yield record

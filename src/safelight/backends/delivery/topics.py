"""The topics in a Kafka cluster: made when they are missing, looked at when they are there."""

import re
from dataclasses import dataclass

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from safelight.contract.messages import TOPICS

HOST = re.compile(r"[^\s:/@]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")
WATCH_MS = 3000
LARGEST_BYTES = 2 << 20
"""Room for a foreign message of Kafka's own limit, which becomes a dead letter with headers."""
CONFIGURATION = {
    "retention.ms": str(30 * 24 * 3600 * 1000),  # for so long a message waits to be taken
    "max.message.bytes": str(LARGEST_BYTES),
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where Kafka is, and what is ours in it."""

    servers: list[str]
    prefix: str
    partitions: int
    replication: int

    @classmethod
    def at(cls, url: str, prefix: str, partitions: int, replication: int) -> "Cluster":
        """Raises ValueError for a URL that is none of `kafka://host:port,host:port`."""
        scheme, _, hosts = url.partition("://")
        servers = hosts.rstrip("/").split(",")
        if scheme != "kafka" or not all(HOST.fullmatch(server) for server in servers):
            raise ValueError("it must be kafka://host:port, with a comma between several")
        return cls(servers, prefix, partitions, replication)

    def name_of(self, topic: str) -> str:
        """The topic's name in this cluster."""
        return f"{self.prefix}.{topic.partition('.')[2]}"


async def make_topics(cluster: Cluster) -> None:
    """Make the topics that are missing; tell of those that are not as the settings would have it.

    A topic that is there is left as it is: with other partitions, messages about one image could
    overtake each other. Raises `KafkaError`.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.servers, request_timeout_ms=10_000)
    await admin.start()
    try:
        wanted = {cluster.name_of(topic) for topic in TOPICS}
        there = wanted & set(await admin.list_topics())
        if wanted - there:
            await _make(admin, cluster, sorted(wanted - there))
        for topic in await admin.describe_topics(sorted(there)) if there else []:
            count = len(topic["partitions"])
            if count != cluster.partitions:
                log.warning(
                    "a topic has another number of partitions than the setting",
                    topic=topic["topic"],
                    partitions=count,
                    setting=cluster.partitions,
                )
    finally:
        await admin.close()


async def partitions_of(cluster: Cluster) -> dict[str, int]:
    """How many partitions each of the topics has, 0 where it is missing. Raises `KafkaError`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.servers, request_timeout_ms=10_000)
    await admin.start()
    try:
        names = [cluster.name_of(topic) for topic in TOPICS]
        there = sorted(set(names) & set(await admin.list_topics()))
        described = await admin.describe_topics(there) if there else []
    finally:
        await admin.close()
    counts = {topic["topic"]: len(topic["partitions"]) for topic in described}
    return {name: counts.get(name, 0) for name in names}


async def _make(admin: AIOKafkaAdminClient, cluster: Cluster, names: list[str]) -> None:
    answer = await admin.create_topics(
        [
            NewTopic(name, cluster.partitions, cluster.replication, topic_configs=CONFIGURATION)
            for name in names
        ]
    )
    for name, code, *_ in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):  # somebody else was quicker
            raise KafkaError(f"topic {name} can't be made: {for_code(code).__name__}")
    log.info("made topics", topics=names, partitions=cluster.partitions)


async def is_reachable(cluster: Cluster) -> bool:
    """Whether one of the servers answers."""
    client = AIOKafkaClient(bootstrap_servers=cluster.servers, request_timeout_ms=WATCH_MS)
    try:
        await client.bootstrap()
    except KafkaError:
        return False
    finally:
        await client.close()
    return True

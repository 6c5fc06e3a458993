"""The broker between the API and its processors."""

from collections.abc import Iterable

from aiokafka.errors import KafkaError

from safelight.backends.delivery.kafka import KafkaDelivery
from safelight.backends.delivery.topics import Cluster, partitions_of
from safelight.backends.delivery.waiting import waiting as unhandled
from safelight.backends.unusable import Unusable
from safelight.contract.messages import Message
from safelight.settings import Settings


def kafka(settings: Settings) -> KafkaDelivery:
    return KafkaDelivery(_cluster(settings))


async def waiting(settings: Settings, groups: Iterable[tuple[str, str]]) -> list[Message]:
    """What groups have still to take from their topics, each given as topic and group."""
    cluster = _cluster(settings)
    try:
        return [m for topic, group in groups async for m in unhandled(cluster, topic, group)]
    except KafkaError as error:
        raise Unusable(f"the broker can't be asked: {error}") from None


async def partitions(settings: Settings) -> dict[str, int]:
    """How many each topic has, by its name there; raises `Unusable` when the broker is away."""
    try:
        return await partitions_of(_cluster(settings))
    except KafkaError as error:
        raise Unusable(f"the broker can't be asked: {error}") from None


def _cluster(settings: Settings) -> Cluster:
    if not settings.broker_url:
        raise Unusable(
            "SAFELIGHT_BROKER_URL is not set: the API and the processor meet at a broker, such as "
            "kafka://localhost:9092. `safelight up` is both in one process and needs none"
        )
    try:
        return Cluster.at(
            settings.broker_url,
            settings.broker_prefix,
            settings.broker_partitions,
            settings.broker_replication,
        )
    except ValueError as error:
        raise Unusable(f"SAFELIGHT_BROKER_URL can't be used: {error}") from None

"""Deliveries to start from."""

import asyncio
from itertools import count

from safelight.backends.delivery import Delivery
from safelight.backends.delivery.topics import Cluster
from tests.servers import Broker

PARTITIONS = 4
_numbers = count(1)


def cluster_at(broker: Broker) -> Cluster:
    """Topics of their own for one test."""
    return Cluster.at(broker.url, f"delivery-{next(_numbers)}", PARTITIONS, 1)


async def connected(delivery: Delivery) -> None:
    """Start it, and wait until it can send."""
    await delivery.start()
    async with asyncio.timeout(30):
        while not delivery.is_up():
            await asyncio.sleep(0.01)

"""Waiting until the processors have shared out the partitions."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient

from safelight.contract.messages import PROCESSOR
from tests.scaled import ScaledProduct

PATIENCE = 60
LOOK_SECONDS = 0.2


def settle(product: ScaledProduct, processors: int, children: int) -> None:
    """Return once each has its share; a processor is one member more than it has children."""
    asyncio.run(_settle(product, processors * (children + 1)))


async def _settle(product: ScaledProduct, members: int) -> None:
    name = f"{product.environment['SAFELIGHT_BROKER_PREFIX']}-{PROCESSOR}"
    servers = product.environment["SAFELIGHT_BROKER_URL"].partition("://")[2]
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while await _sharing(admin, name) != members:
                await asyncio.sleep(LOOK_SECONDS)
    finally:
        await admin.close()


async def _sharing(admin: AIOKafkaAdminClient, name: str) -> int:
    """Members of the group, or 0 while it is not yet clear who takes what."""
    [answer] = await admin.describe_consumer_groups([name])
    [(_error, _group, state, _kind, _protocol, members)] = answer.groups
    return len(members) if state == "Stable" else 0

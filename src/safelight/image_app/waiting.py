"""How much waits, as `/metrics` tells it."""

import asyncio
import math
from datetime import datetime

from sqlalchemy import func, select

from safelight.backends.database import DatabaseUnavailable
from safelight.image_app import clock, metrics
from safelight.image_app.images.queries import unfinished
from safelight.image_app.models import outbox
from safelight.image_app.resources import Resources

PATIENCE = 2.0
"""Seconds for the database to say it; what it does not say is NaN."""


async def measure(resources: Resources) -> None:
    """Set the gauges of what waits."""
    images = promises = oldest = math.nan
    try:
        async with asyncio.timeout(PATIENCE), resources.database.reading() as connection:
            images = await unfinished(connection, resources.rules.queue_limit)
            promises = (await connection.execute(select(func.count(outbox.c.id)))).scalar_one()
            first = select(outbox.c.headers).order_by(outbox.c.id).limit(1)
            oldest = _age((await connection.execute(first)).scalar_one_or_none())
    except (DatabaseUnavailable, TimeoutError):
        pass  # `/health/ready` and the log say so
    metrics.UNFINISHED.set(images)
    metrics.PROMISES.set(promises)
    metrics.OLDEST_PROMISE.set(oldest)


def _age(headers: dict[str, str] | None) -> float:
    """Seconds since the message was promised; 0 where none is."""
    if headers is None:
        return 0.0
    return max(0.0, (clock.now() - datetime.fromisoformat(headers["ce_time"])).total_seconds())

"""`safelight up`: the whole product in one process, with decoders in child processes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from fastapi import FastAPI

from safelight.backends.cache.memory import MemoryCache
from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.composition import api_parts, databases, places, signing
from safelight.composition.decoders import children, decoders, renderer, start
from safelight.contract.messages import EVENTS, JOBS, OUTCOMES, PROCESSOR
from safelight.image_app import closings, housekeeping, subscriptions
from safelight.image_app.app import create_app
from safelight.image_app.delivered import claims
from safelight.image_app.images import upload
from safelight.image_app.relay import Relay
from safelight.image_process_app.app import job_handler
from safelight.settings import Settings

JOBS_AHEAD = 8
"""Jobs under way for each decoder: so many that a few which wait for their next try hold up
nobody, so few that a stop can finish them.
"""

log = structlog.get_logger()


def embedded(settings: Settings) -> FastAPI:
    """Messages are handled where they are promised; the outbox is the durable queue."""
    database = databases.database(settings)
    objects = places.objects(settings)
    delivery = InProcessDelivery()
    pool = decoders(settings)
    relays = [
        Relay(JOBS, database, delivery, at_once=JOBS_AHEAD * children(settings)),
        Relay(EVENTS, database, delivery),
        Relay(OUTCOMES, database, delivery),  # only dead letters that another process sends again
    ]

    def wake_relays() -> None:
        for relay in relays[:2]:
            relay.wake()

    resources = api_parts.resources(
        settings,
        database,
        objects,
        MemoryCache(),
        renderer(settings, objects, pool),
        wake_relays,
        {"processing": pool.healthy},
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as ending:  # whatever fails, the rest is ended all the same
            ending.push_async_callback(database.close)
            ending.push_async_callback(resources.accounts.close)
            ending.push_async_callback(resources.rates.close)
            await objects.sweep_staging()
            await upload.sweep(resources)
            await claims.sweep(resources)
            ending.push_async_callback(pool.stop)
            await start(pool)
            ending.push_async_callback(resources.renderer.close)
            ending.push_async_callback(resources.flights.end, settings.drain_seconds)
            subscriptions.subscribe(delivery, resources)
            delivery.subscribe(JOBS, job_handler(objects, pool, delivery), PROCESSOR)
            await delivery.start()
            ending.push_async_callback(delivery.stop, settings.drain_seconds)
            for relay in relays:
                relay.start()
            ending.push_async_callback(_stop, relays, settings.drain_seconds)
            ending.callback(asyncio.create_task(housekeeping.keep_house(resources)).cancel)
            ending.callback(asyncio.create_task(closings.keep_closing(resources)).cancel)
            following = signing.follow(settings, resources.tokens)
            ending.callback(asyncio.create_task(following).cancel)
            ending.callback(log.info, "finishing what is under way", within=settings.drain_seconds)
            yield

    return create_app(resources, lifespan, api_parts.surface(settings))


async def _stop(relays: Sequence[Relay], patience: float) -> None:
    """All at once, so that they share the time."""
    await asyncio.gather(*(relay.stop(patience) for relay in relays))

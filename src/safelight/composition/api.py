"""`safelight api`: the HTTP API, one of as many as are wanted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from fastapi import FastAPI

from safelight.backends.rendering.http import HttpRenderer
from safelight.backends.unusable import Unusable
from safelight.composition import api_parts, databases, places, signing
from safelight.composition.broker import kafka
from safelight.image_app import closings, housekeeping, subscriptions
from safelight.image_app.app import create_app
from safelight.image_app.broker_relay import BrokerRelay
from safelight.settings import Settings

NOBODY_RENDERS = (
    "no new transformation can be delivered: set SAFELIGHT_PROCESSOR_URLS and "
    "SAFELIGHT_PROCESSOR_TOKEN"
)

log = structlog.get_logger()


def api(settings: Settings) -> FastAPI:
    """Comes up whatever is away, and works as soon as it is there; `/health/ready` says so."""
    database = databases.database(settings)
    if not database.is_shared:
        raise Unusable(
            "SAFELIGHT_DATABASE_URL must be postgresql://user:password@host/name: the APIs share "
            "it. `safelight up` needs none"
        )
    presence = database.presence()
    objects = places.objects(settings)
    answers = api_parts.shared_cache(settings)
    delivery = kafka(settings)
    relay = BrokerRelay(database, presence, delivery)
    resources = api_parts.resources(
        settings,
        database,
        objects,
        answers,
        _renderer(settings),
        wake_relay=lambda: None,  # the commit itself wakes it, wherever it is
        checks={"broker": delivery.is_up},
        member=presence.member,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as ending:  # whatever fails, the rest is ended all the same
            if not (settings.processor_urls and settings.processor_token):
                log.warning(NOBODY_RENDERS)
            ending.push_async_callback(database.close)
            ending.push_async_callback(resources.accounts.close)
            ending.push_async_callback(resources.rates.close)
            ending.push_async_callback(resources.renderer.close)
            ending.push_async_callback(resources.flights.end, settings.drain_seconds)
            await answers.start()
            ending.push_async_callback(answers.stop)
            subscriptions.subscribe(delivery, resources)
            await delivery.start()
            ending.push_async_callback(delivery.stop, settings.drain_seconds)
            relay.start()
            ending.push_async_callback(relay.stop, settings.drain_seconds)
            housework = housekeeping.keep_house(resources, relay.leads)
            ending.callback(asyncio.create_task(housework).cancel)
            ending.callback(asyncio.create_task(closings.keep_closing(resources)).cancel)
            following = signing.follow(settings, resources.tokens)
            ending.callback(asyncio.create_task(following).cancel)
            ending.callback(log.info, "finishing what is under way", within=settings.drain_seconds)
            yield

    return create_app(resources, lifespan, api_parts.surface(settings))


def _renderer(settings: Settings) -> HttpRenderer:
    """The processors, or nobody: whatever is there already is delivered all the same."""
    urls = [url.strip() for url in settings.processor_urls.split(",") if url.strip()]
    try:
        return HttpRenderer(urls if settings.processor_token else [], settings.processor_token)
    except ValueError as error:
        raise Unusable(f"SAFELIGHT_PROCESSOR_URLS can't be used: {error}") from None

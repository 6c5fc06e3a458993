"""`safelight processor`: turns pictures into their variants, one of as many as are wanted."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from safelight.backends.objects import Objects
from safelight.composition import places
from safelight.composition.broker import kafka
from safelight.composition.decoders import children, decoders, renderer, start
from safelight.contract.messages import JOBS, PROCESSOR
from safelight.image_process_app.app import job_handler
from safelight.image_process_app.counter import Counter
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.health import Station
from safelight.settings import Settings

log = structlog.get_logger()


def processor(settings: Settings) -> Station:
    """Keeps nothing and knows no account; its HTTP side tells how it is."""
    objects = places.objects(settings)
    delivery = kafka(settings)
    pool = decoders(settings)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with AsyncExitStack() as ending:  # whatever fails, the rest is ended all the same
            if not settings.processor_token:
                log.warning("nothing is rendered for APIs: set SAFELIGHT_PROCESSOR_TOKEN")
            ending.push_async_callback(pool.stop)
            await start(pool)
            # One more than there are decoders, so that none waits for an object to come or go.
            at_once = children(settings) + 1
            delivery.subscribe(JOBS, job_handler(objects, pool, delivery), PROCESSOR, at_once)
            await delivery.start()
            ending.push_async_callback(delivery.stop, settings.drain_seconds)
            yield
            log.info("finishing what is under way", within=settings.drain_seconds)

    checks = {"processing": pool.healthy, "broker": delivery.is_up}
    return Station(lifespan, checks, objects.check, _counter(settings, objects, pool))


def _counter(settings: Settings, objects: Objects, pool: DecoderPool) -> Counter | None:
    """Who renders for the APIs; nobody unless they can tell who they are."""
    if not settings.processor_token:
        return None
    return Counter(renderer(settings, objects, pool), settings.processor_token)

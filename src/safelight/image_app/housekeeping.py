"""What is done now and then, whoever asks for what."""

import asyncio
from collections.abc import Callable

import structlog

from safelight.image_app import reconciler
from safelight.image_app.delivered import claims
from safelight.image_app.images import repeats, upload
from safelight.image_app.patrol import Patrol
from safelight.image_app.resources import Resources

PAUSE = 60.0
RETRY_SECONDS = 5.0

log = structlog.get_logger()


async def keep_house(resources: Resources, leads: Callable[[], bool] = lambda: True) -> None:
    """Sweep what broken uploads and renderings left, and finish what was lost, until cancelled.

    Of many processes the one that `leads` looks for what was lost.
    """
    patrol = Patrol()
    while True:
        led = leads()
        try:
            await upload.sweep(resources)
            await claims.sweep(resources)
            if led:
                await repeats.sweep(resources)
                await reconciler.reconcile(resources)
                await patrol.go_on(resources)
        except Exception as error:
            # The world is unwell; whoever serves requests says so louder.
            log.debug("could not keep house", reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            await _rest(leads, led)


async def _rest(leads: Callable[[], bool], led: bool) -> None:
    """Until it is time again, or the lead has come here."""
    for _ in range(round(PAUSE / RETRY_SECONDS)):
        await asyncio.sleep(RETRY_SECONDS)
        if leads() and not led:
            return

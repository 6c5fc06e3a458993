"""What is done now and then, whoever asks for what."""

import asyncio

import structlog

from safelight.image_app.delivered import claims
from safelight.image_app.images import upload
from safelight.image_app.resources import Resources

PAUSE = 60.0
RETRY_SECONDS = 5.0

log = structlog.get_logger()


async def keep_house(resources: Resources) -> None:
    """Sweep what broken uploads and renderings left, until cancelled."""
    while True:
        try:
            await upload.sweep(resources)
            await claims.sweep(resources)
        except Exception as error:
            # The world is unwell; whoever serves requests says so louder.
            log.debug("could not sweep", reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            await asyncio.sleep(PAUSE)

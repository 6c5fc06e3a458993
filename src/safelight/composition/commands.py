"""What a command opens that changes what is kept as services do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from safelight.backends.rendering.http import HttpRenderer
from safelight.composition import api_parts, databases, places
from safelight.image_app.resources import Resources
from safelight.settings import Settings


@asynccontextmanager
async def opened_resources(settings: Settings) -> AsyncIterator[Resources]:
    """What services use, for one command beside a product or in its place; raises `Unusable`.

    A relay of the product looks at what was promised within seconds, or is woken by the commit.
    """
    async with databases.kept(settings) as database:
        answers = api_parts.shared_cache(settings)
        resources = api_parts.resources(
            settings,
            database,
            places.objects(settings),
            answers,
            HttpRenderer([], ""),
            wake_relay=lambda: None,
            checks={},
        )
        await answers.start()
        try:
            yield resources
        finally:
            await answers.stop()
            await resources.renderer.close()
            await resources.rates.close()
            await resources.accounts.close()

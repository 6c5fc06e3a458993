"""An image, and somebody who renders, over each of the databases."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from safelight.image_app.flights import Flights
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources
from tests.image_app.delivered.given import Darkroom, an_image, with_darkroom


@pytest.fixture
def darkroom() -> Darkroom:
    return Darkroom()


@pytest.fixture
async def api(resources: Resources, darkroom: Darkroom) -> AsyncIterator[Resources]:
    """The resources of an API whose pictures the darkroom renders."""
    made = replace(with_darkroom(resources, darkroom), rendering=set(), flights=Flights())
    yield made
    darkroom.open.set()
    await made.flights.end(10)


@pytest.fixture
async def image(api: Resources, photograph: bytes) -> Found:
    return await an_image(api, photograph)

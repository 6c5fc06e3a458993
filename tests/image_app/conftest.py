"""The API's resources, as the composition makes them, over folders of the test."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from safelight.backends import keyfiles
from safelight.backends.cache import open_cache
from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.image_app.answers import Answers
from safelight.image_app.links import Links
from safelight.image_app.paging import Cursors
from safelight.image_app.passwords import Passwords
from safelight.image_app.resources import Resources, Rules
from safelight.image_app.tokens import Tokens
from tests.image_app.given import Pems

SECRET = b"a secret for the links and cursors of tests"


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Pems:
    """A pair of keys as the product makes it."""
    folder = tmp_path_factory.mktemp("keys")
    private, public = folder / "private.pem", folder / "public.pem"
    keyfiles.make_keys(private, public)
    return Pems(private.read_bytes(), public.read_bytes())


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture
def rules() -> Rules:
    """The rules of a default installation."""
    return Rules(
        file_bytes=25 << 20,
        side=16384,
        pixels=50_000_000,
        quota_bytes=5 << 30,
        quota_images=100_000,
        queue_limit=10_000,
    )


@pytest.fixture
def relay_woken() -> asyncio.Event:
    """Set once a committed work has promised something."""
    return asyncio.Event()


@pytest.fixture
async def resources(
    database: Database,
    objects: Objects,
    pems: Pems,
    passwords: Passwords,
    rules: Rules,
    relay_woken: asyncio.Event,
) -> AsyncIterator[Resources]:
    cache = open_cache("mem://")
    yield Resources(
        database=database,
        objects=objects,
        answers=Answers(cache),
        passwords=passwords,
        tokens=Tokens(pems.private, pems.public),
        links=Links(SECRET),
        cursors=Cursors(SECRET),
        rules=rules,
        wake_relay=relay_woken.set,
        check_processing=lambda: True,
    )
    await cache.close()

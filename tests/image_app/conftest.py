"""The API's resources, as the composition makes them, over folders of the test."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from safelight.backends import keyfiles
from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.image_app.passwords import Passwords
from safelight.image_app.resources import Resources, Rules
from tests.image_app.given import Pems, resources_over


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


@pytest.fixture(scope="session")
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
    async with resources_over(database, objects, pems, passwords, rules) as made:
        yield replace(made, wake_relay=relay_woken.set)

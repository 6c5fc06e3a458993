"""The API's resources, as the composition makes them, over folders of the test."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from safelight.backends import keyfiles
from safelight.backends.database import Database
from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.backends.objects import Objects
from safelight.image_app.passwords import Passwords
from safelight.image_app.resources import Resources, Rules
from safelight.image_app.subscriptions import subscribe
from tests.image_app.given import Pems, an_account, an_upload, job_of, resources_over
from tests.image_app.waiting import SQUARE, Waiting


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
        body_seconds=600.0,
        body_rate=1024,
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


@pytest.fixture
async def waiting(resources: Resources, photograph: bytes) -> Waiting:
    """An image that was taken in and waits, and what hears its outcome."""
    delivery = InProcessDelivery(backoff=())
    subscribe(delivery, resources)
    account_id = await an_account(resources)
    image_id = await an_upload(resources, account_id, photograph)
    return Waiting(resources, delivery, account_id, await job_of(resources, image_id))


@pytest.fixture
async def ready(waiting: Waiting) -> Waiting:
    """An image whose variants were made, and all that was told of it delivered."""
    await waiting.answer(waiting.job)
    await waiting.forget_events()
    return waiting


@pytest.fixture
async def square(ready: Waiting) -> Waiting:
    """A ready image with an ad-hoc variant of that name."""
    await ready.answer(await ready.add("square", **SQUARE))
    await ready.forget_events()
    return ready

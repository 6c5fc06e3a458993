"""Where accounts may be kept, empty: one parameter for each kind."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from safelight.image_app.account_store import AccountStore, in_redis
from safelight.image_app.account_store.in_redis import RedisAccounts
from tests.image_app.account_store.given import opened
from tests.servers import Postgres, Valkey


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def store_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A place of its own, prepared as an installation is."""
    if request.param == "redis":
        # The server stays, and a busy machine has slow moments.
        monkeypatch.setattr(in_redis, "ANSWER_SECONDS", 30.0)
        valkey: Valkey = request.getfixturevalue("valkey")
        return valkey.create()
    if request.param == "postgresql":
        template = request.getfixturevalue("migrated_name")
        postgres: Postgres = request.getfixturevalue("postgres")
        return postgres.url(postgres.create(template))
    shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "safelight.db")
    return f"sqlite:///{tmp_path / 'safelight.db'}"


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[AccountStore]:
    async with opened(store_url) as store:
        yield store


@pytest.fixture
async def another(store_url: str) -> AsyncIterator[AccountStore]:
    """The same store, as another process of the installation has it."""
    async with opened(store_url) as store:
        yield store


@pytest.fixture
async def kept(own_valkey: Valkey) -> AsyncIterator[RedisAccounts]:
    """The store in that server."""
    store = RedisAccounts(own_valkey.create())
    yield store
    await store.close()

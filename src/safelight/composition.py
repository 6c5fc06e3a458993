"""The one place where parts meet."""

import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import ArgumentError, DatabaseError

from safelight.backends import keyfiles
from safelight.backends.cache.memory import MemoryCache
from safelight.backends.database import Database
from safelight.backends.delivery.in_process import InProcessDelivery
from safelight.backends.keyfiles import Unusable
from safelight.backends.objects import Objects
from safelight.contract.messages import EVENTS, JOBS
from safelight.image_app import clock, subscriptions, verification
from safelight.image_app.account_store import AccountStore
from safelight.image_app.account_store.in_database import DatabaseAccounts
from safelight.image_app.account_store.in_redis import RedisAccounts
from safelight.image_app.app import create_app
from safelight.image_app.images import upload
from safelight.image_app.links import Links
from safelight.image_app.migrations import migrate
from safelight.image_app.outbox import Relay
from safelight.image_app.paging import Cursors
from safelight.image_app.passwords import Passwords
from safelight.image_app.resources import Resources, Rules
from safelight.image_app.tokens import Tokens
from safelight.image_process_app.app import job_handler
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.limits import Limits
from safelight.settings import Settings

JOBS_AHEAD = 8
"""Jobs under way for each decoder: so many that a few which wait for their next try hold up
nobody, so few that a stop can finish them.
"""

log = structlog.get_logger()


def prepare(settings: Settings) -> None:
    """Make what is missing in the data folder; raises `Unusable` saying what is in the way."""
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unusable(f"can't make the data folder {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Unusable(f"the data folder {folder} is not writable: change that, or use --data-dir")
    keyfiles.make_keys(settings.resolved_private_key(), settings.resolved_public_key())


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the data folder; raises `Unusable` while another Safelight holds it."""
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(
                f"another Safelight is using the data folder {folder}: stop it, "
                "or choose another with --data-dir"
            ) from None
        yield


def embedded(settings: Settings) -> FastAPI:
    """The whole product in one process, with decoders in child processes."""
    database = _database(settings)
    objects = _objects(settings)
    delivery = InProcessDelivery()
    pool = _decoders(settings)
    relays = [
        Relay(JOBS, database, delivery, at_once=JOBS_AHEAD * _children(settings)),
        Relay(EVENTS, database, delivery),
    ]

    def wake_relays() -> None:
        for relay in relays:
            relay.wake()

    secret = _link_secret(settings)
    resources = Resources(
        database=database,
        accounts=_accounts(settings, database),
        objects=objects,
        answers=MemoryCache(),
        passwords=Passwords(),
        tokens=_tokens(settings),
        links=Links(secret, settings.public_url),
        cursors=Cursors(secret),
        rules=_rules(settings),
        wake_relay=wake_relays,
        check_processing=pool.healthy,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as ending:  # whatever fails, the rest is ended all the same
            ending.push_async_callback(database.close)
            ending.push_async_callback(resources.accounts.close)
            await objects.sweep_staging()
            await upload.sweep(resources, before=clock.now())
            ending.push_async_callback(pool.stop)
            await pool.start()
            subscriptions.subscribe(delivery, resources)
            delivery.subscribe(JOBS, job_handler(objects, pool, delivery))
            await delivery.start()
            ending.push_async_callback(delivery.stop)
            for relay in relays:
                relay.start()
                ending.push_async_callback(relay.stop, settings.drain_seconds)
            ending.callback(log.info, "finishing what is under way", within=settings.drain_seconds)
            yield

    return create_app(resources, lifespan)


def _decoders(settings: Settings) -> DecoderPool:
    return DecoderPool(
        children=_children(settings),
        deadline=settings.decode_seconds,
        memory=settings.decode_bytes,
        pictures_per_child=settings.pictures_per_child,
        limits=Limits(
            max_side=settings.max_side,
            max_pixels=settings.max_pixels,
            max_frames=settings.max_frames,
            max_total_pixels=settings.max_total_pixels,
        ),
    )


def _children(settings: Settings) -> int:
    return settings.children or os.cpu_count() or 1


def _rules(settings: Settings) -> Rules:
    return Rules(
        file_bytes=settings.file_bytes,
        side=settings.max_side,
        pixels=settings.max_pixels,
        quota_bytes=settings.quota_bytes,
        quota_images=settings.quota_images,
        queue_limit=settings.queue_limit,
    )


def _tokens(settings: Settings) -> Tokens:
    private = keyfiles.read_private(settings.resolved_private_key())
    try:
        return Tokens(private, settings.resolved_public_key().read_bytes())
    except (ValueError, TypeError) as error:
        raise Unusable(f"the keys that sign tokens can't be used: {error}") from None


def _link_secret(settings: Settings) -> bytes:
    if settings.link_secret:
        return settings.link_secret.encode()
    return keyfiles.link_secret(settings.data_dir / "link.secret")


async def migrate_database(settings: Settings) -> None:
    """Bring the database to the newest shape; raises `Unusable`."""
    async with _opened_database(settings) as database:
        await migrate(database)


async def verify(settings: Settings, tell: Callable[[str], None]) -> tuple[int, int, int]:
    """Tell every difference; returns how many images, promises and differences there are."""
    if not settings.data_dir.is_dir():
        raise Unusable(f"there is no data folder {settings.data_dir}")
    objects, found = _objects(settings), 0
    async with _opened_database(settings) as database:
        async for line in verification.differences(database, objects):
            tell(line)
            found += 1
        return *await verification.counts(database), found


@asynccontextmanager
async def _opened_database(settings: Settings) -> AsyncIterator[Database]:
    """The database for one command; raises `Unusable` when it is none of ours."""
    database = _database(settings)
    try:
        yield database
    except DatabaseError as error:
        url = settings.resolved_database_url()
        raise Unusable(f"the database {url} can't be used: {error.orig}") from None
    finally:
        await database.close()


def _database(settings: Settings) -> Database:
    try:
        return Database(settings.resolved_database_url())
    except (ValueError, ArgumentError) as error:
        raise Unusable(f"SAFELIGHT_DATABASE_URL can't be used: {error}") from None


def _accounts(settings: Settings, database: Database) -> AccountStore:
    if not settings.accounts_url:
        return DatabaseAccounts(database)
    try:
        return RedisAccounts(settings.accounts_url)
    except ValueError as error:
        raise Unusable(f"SAFELIGHT_ACCOUNTS_URL can't be used: {error}") from None


def _objects(settings: Settings) -> Objects:
    url = settings.resolved_objects_url()
    try:
        return Objects(url)
    except Exception as error:
        # Whatever a store says to its URL, whoever starts the product has to read it.
        raise Unusable(f"the object store {url} can't be used: {error}") from None

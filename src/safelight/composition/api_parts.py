"""The parts of the API, made from the settings."""

from collections.abc import Callable, Mapping

from sqlalchemy.exc import ArgumentError

from safelight.backends import keyfiles
from safelight.backends.cache import Cache, NoCache
from safelight.backends.cache.redis import RedisCache
from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.backends.rendering import Renderer
from safelight.backends.unusable import Unusable
from safelight.image_app.account_store import AccountStore
from safelight.image_app.account_store.in_database import DatabaseAccounts
from safelight.image_app.account_store.in_redis import RedisAccounts
from safelight.image_app.links import Links
from safelight.image_app.metrics import Counted
from safelight.image_app.paging import Cursors
from safelight.image_app.passwords import Passwords
from safelight.image_app.rates import Rates
from safelight.image_app.resources import Resources, Rules
from safelight.image_app.surface import Surface
from safelight.image_app.tokens import Tokens
from safelight.settings import Settings


def resources(
    settings: Settings,
    database: Database,
    objects: Objects,
    answers: Cache,
    renderer: Renderer,
    wake_relay: Callable[[], None],
    checks: Mapping[str, Callable[[], bool]],
    member: int | None = None,
) -> Resources:
    """Everything that services may use; raises `Unusable`."""
    secret = _link_secret(settings)
    return Resources(
        database=database,
        accounts=account_store(settings, database),
        objects=objects,
        renderer=renderer,
        answers=Counted(answers),
        passwords=Passwords(),
        tokens=_tokens(settings),
        links=Links(secret, settings.public_url),
        cursors=Cursors(secret),
        rates=_rates(settings),
        rules=_rules(settings),
        wake_relay=wake_relay,
        checks=checks,
        member=member,
    )


def surface(settings: Settings) -> Surface:
    """How the API shows itself."""
    return Surface(
        origins=settings.allowed_origins(),
        metrics_port=settings.metrics_port,
        is_https=settings.public_url.lower().startswith("https://"),
    )


def database(settings: Settings) -> Database:
    try:
        return Database(settings.resolved_database_url(), settings.database_connections)
    except (ValueError, ArgumentError) as error:
        raise Unusable(f"SAFELIGHT_DATABASE_URL can't be used: {error}") from None


def shared_cache(settings: Settings) -> Cache:
    """What one process remembers by itself would be stale once another one writes."""
    if settings.cache_url == "mem://":
        return NoCache()
    try:
        return RedisCache(settings.cache_url)
    except ValueError as error:
        raise Unusable(f"SAFELIGHT_CACHE_URL can't be used: {error}") from None


def account_store(settings: Settings, database: Database) -> AccountStore:
    if not settings.accounts_url:
        return DatabaseAccounts(database)
    try:
        return RedisAccounts(settings.accounts_url)
    except ValueError as error:
        raise Unusable(f"SAFELIGHT_ACCOUNTS_URL can't be used: {error}") from None


def _rules(settings: Settings) -> Rules:
    return Rules(
        file_bytes=settings.file_bytes,
        side=settings.max_side,
        pixels=settings.max_pixels,
        quota_bytes=settings.quota_bytes,
        quota_images=settings.quota_images,
        queue_limit=settings.queue_limit,
    )


def _rates(settings: Settings) -> Rates:
    try:
        return Rates({"render": settings.limit_render}, settings.cache_url)
    except ValueError:
        raise Unusable(
            f"SAFELIGHT_LIMIT_RENDER can't be used: {settings.limit_render} is not like 10/second"
        ) from None


def _tokens(settings: Settings) -> Tokens:
    private = keyfiles.read_private(settings.resolved_private_key())
    try:
        return Tokens(private, settings.resolved_public_key().read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise Unusable(f"the keys that sign tokens can't be used: {error}") from None


def _link_secret(settings: Settings) -> bytes:
    if settings.link_secret:
        return settings.link_secret.encode()
    return keyfiles.read_private(settings.resolved_link_secret())

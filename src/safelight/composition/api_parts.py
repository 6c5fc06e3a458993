"""The parts of the API, made from the settings."""

from collections.abc import Callable, Mapping

from safelight.backends import keyfiles
from safelight.backends.cache import Cache, NoCache
from safelight.backends.cache.redis import RedisCache
from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.backends.rendering import Renderer
from safelight.backends.unusable import Unusable
from safelight.composition import signing
from safelight.image_app.account_store import AccountStore
from safelight.image_app.account_store.in_database import DatabaseAccounts
from safelight.image_app.account_store.in_redis import RedisAccounts
from safelight.image_app.client_address import Proxies
from safelight.image_app.links import Links
from safelight.image_app.metrics import Counted
from safelight.image_app.paging import Cursors
from safelight.image_app.passwords import Passwords
from safelight.image_app.rates import Rates, times
from safelight.image_app.resources import Resources, Rules
from safelight.image_app.surface import Surface
from safelight.image_app.turns import Turns
from safelight.settings import Settings

ADDRESS_LOGINS = 6
"""How many names somebody may try out in full before an address is refused."""


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
    rates, proxies = limits(settings)
    return Resources(
        database=database,
        accounts=account_store(settings, database),
        objects=objects,
        renderer=renderer,
        answers=Counted(answers),
        passwords=Passwords(),
        tokens=signing.tokens(settings),
        links=Links(secret, settings.public_url),
        cursors=Cursors(secret),
        rates=rates,
        proxies=proxies,
        rules=_rules(settings),
        wake_relay=wake_relay,
        checks=checks,
        member=member,
        turns=Turns(settings.uploads_at_once),
    )


def surface(settings: Settings) -> Surface:
    """How the API shows itself."""
    return Surface(
        origins=settings.allowed_origins(),
        metrics_port=settings.metrics_port,
        is_https=settings.public_url.lower().startswith("https://"),
    )


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
        body_seconds=settings.body_seconds,
        body_rate=settings.body_rate,
    )


def limits(settings: Settings) -> tuple[Rates, Proxies]:
    """How often somebody may do something, and who that is; raises `Unusable`."""
    known = {
        "register": settings.limit_register,
        "login": settings.limit_login,
        "login-address": settings.limit_login_address,
        "upload": settings.limit_upload,
        "jobs": settings.limit_jobs,
        "render": settings.limit_render,
    }
    for name, text in known.items():
        if text or name != "login-address":
            _check_limit(name, text)
    known["login-address"] = known["login-address"] or times(known["login"], ADDRESS_LOGINS)
    try:
        proxies = Proxies(settings.trusted_proxies)
    except ValueError as error:
        raise Unusable(f"SAFELIGHT_TRUSTED_PROXIES can't be used: {error}") from None
    return Rates(known, settings.cache_url), proxies


def _check_limit(name: str, text: str) -> None:
    try:
        Rates({name: text})
    except ValueError:
        variable = f"SAFELIGHT_LIMIT_{name.upper().replace('-', '_')}"
        raise Unusable(f"{variable} can't be used: {text} is not like 10/second") from None


def _link_secret(settings: Settings) -> bytes:
    if settings.link_secret:
        return settings.link_secret.encode()
    return keyfiles.read_private(settings.resolved_link_secret())

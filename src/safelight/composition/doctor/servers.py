"""The servers, or the files in their place: each asked for what the product asks of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import func, make_url, select

from safelight.backends.database import Database
from safelight.composition import api_parts, databases, places
from safelight.composition.doctor.finding import Finding, fault, ok, warning
from safelight.image_app import clock
from safelight.image_app.images import queries
from safelight.image_app.migrations import is_newest
from safelight.settings import Settings

ANSWER_SECONDS = 3.0
LATE_SECONDS, WRONG_SECONDS = 5.0, 60.0
"""By which two clocks may differ; tokens allow for a minute."""
CONTENT = b"Safelight was here; it is safe to remove this."


class _Undone(Exception):
    """Raised so that what was written is not."""


async def database(settings: Settings) -> list[Finding]:
    url = make_url(settings.resolved_database_url())
    name = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not _is_there(url.database or ""):
        remedy = "`safelight up` or `safelight migrate` makes it"
        return [warning("database", f"there is no {name} yet", remedy)]
    async with databases.opened(settings) as opened:
        if not await is_newest(opened):
            words = f"{name} has not the shape that this release needs"
            return [fault("database", words, "stop the product, then `safelight migrate`")]
        await _write(opened)
        found = [ok("database", f"{name}: migrated, writable")]
        if opened.is_shared:
            found.append(await _clock(opened))
        return found


async def _write(opened: Database) -> None:
    """Write a row and take it back."""
    try:
        async with opened.writing() as connection:
            id_ = clock.new_id()
            await queries.begin_upload(connection, id_, id_, clock.now(), None)
            _take_back()
    except _Undone:
        return


def _take_back() -> NoReturn:
    raise _Undone


def _is_there(path: str) -> bool:
    """Asked first, since whoever opens it makes it."""
    return Path(path).exists()


async def _clock(opened: Database) -> Finding:
    async with opened.reading() as connection:
        theirs = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    words = f"{apart:.1f} seconds from the database's"
    remedy = "have both set by NTP"
    if apart > WRONG_SECONDS:
        return fault("clock", words, remedy)
    return warning("clock", words, remedy) if apart > LATE_SECONDS else ok("clock", words)


async def objects(settings: Settings) -> Finding:
    """Write an object under a name of its own, read it, remove it."""
    url = settings.resolved_objects_url()
    if url.startswith("file:") and not _is_there(unquote(urlsplit(url).path)):
        return warning("objects", f"there is no {url} yet", "the product makes it at its start")
    store = places.objects(settings)
    key = f"doctor/{uuid4().hex}"
    await store.put(key, _content())
    try:
        read = b"".join([chunk async for chunk in await store.read(key)])
    finally:
        await store.delete(key)
    if read != CONTENT:
        return fault("objects", f"{url} gives back other bytes", "don't trust this store")
    return ok("objects", f"{url}: written, read and removed one")


async def _content() -> AsyncIterator[bytes]:
    yield CONTENT


async def cache(settings: Settings) -> Finding:
    """Without it everything works, slower."""
    try:
        async with _redis(settings.cache_url) as redis:
            await redis.info("server")
    except (RedisError, OSError, TimeoutError) as error:
        words = f"{type(error).__name__}: everything works without it, slower"
        return warning("cache", words, "see to the server of SAFELIGHT_CACHE_URL")
    return ok("cache", "it answers")


async def accounts(settings: Settings) -> Finding:
    async with databases.opened(settings) as opened:
        store = api_parts.account_store(settings, opened)
        try:
            await store.check()
        finally:
            await store.close()
    async with _redis(settings.accounts_url) as redis:
        told: dict[str, Any] = await redis.info()
    missing = []
    if not told.get("aof_enabled"):
        missing.append("appendonly yes")
    if told.get("maxmemory_policy") != "noeviction":
        missing.append("maxmemory-policy noeviction")
    if missing:
        return warning("accounts", "that Redis may forget accounts", f"set {', '.join(missing)}")
    return ok("accounts", "it answers, and keeps what it is told")


def _redis(url: str) -> Redis:
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
    )


async def broker(settings: Settings) -> Finding:
    # Only here, since an embedded product never loads a broker's library.
    from safelight.composition.broker import partitions

    there = await partitions(settings)
    missing = sorted(name for name, count in there.items() if not count)
    if missing:
        words = f"it answers; {', '.join(missing)} not there yet"
        return warning("broker", words, "`safelight api` makes them at its start")
    other = {n: c for n, c in there.items() if c != settings.broker_partitions}
    if other:
        words = ", ".join(f"{name} has {count} partitions" for name, count in other.items())
        return warning("broker", words, "set SAFELIGHT_BROKER_PARTITIONS to what is there")
    return ok("broker", f"it answers, with {len(there)} topics")


async def processors(settings: Settings) -> list[Finding]:
    urls = [url.strip().rstrip("/") for url in settings.processor_urls.split(",") if url.strip()]
    if not urls:
        words = "SAFELIGHT_PROCESSOR_URLS is empty: no new transformation is delivered"
        return [warning("processors", words, "name the processors there")]
    return await asyncio.gather(*(_processor(url, settings.processor_token) for url in urls))


async def _processor(url: str, token: str) -> Finding:
    """Whether it is ready, and knows the token: then it only misses the job."""
    name = f"processor {url}"
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            ready = await client.get(f"{url}/health/ready")
            asked = await client.post(f"{url}/render", headers=headers, content=b"")
    except httpx.HTTPError as error:
        words = str(error) or type(error).__name__
        return fault(name, words, "start it, or correct SAFELIGHT_PROCESSOR_URLS")
    if asked.status_code == httpx.codes.UNAUTHORIZED:
        remedy = "give both the same SAFELIGHT_PROCESSOR_TOKEN"
        return fault(name, "it knows another token than this one", remedy)
    if asked.status_code != httpx.codes.BAD_REQUEST:
        words = f"it does not render: {asked.status_code} at /render"
        return fault(name, words, "set its SAFELIGHT_PROCESSOR_TOKEN")
    if ready.status_code != httpx.codes.OK:
        return warning(name, "it is not ready", f"see {url}/health/ready")
    return ok(name, "it is ready, and knows the token")

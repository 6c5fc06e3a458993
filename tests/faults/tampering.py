"""What lies in the servers of a scaled product is changed under its hands."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import asyncpg
import httpx
import obstore
from redis import Redis
from sqlalchemy import func, select, text

from safelight.contract import keys
from safelight.image_app.models import images
from tests.faults.customer import Customer
from tests.faults.fault import SCALED, Fault
from tests.faults.ground import Ground
from tests.faults.servers import rename
from tests.journeys import pictures
from tests.journeys.answers import assert_problem

WRITES, TIMES = 8, 4
"""Changes, each read at once from every API, and how often the cache is mistreated meanwhile."""
GARBAGE = (b"", b"\xff\xfe\x00", b"{}", b"1\n{}", b"x" * 100_000)
BYTES = 0.7
"""How often it is filled with other bytes, and not with what are none."""
DEPTHS = ((2, 2), (3, 4), (5, 99), (5, 99))
"""Of keys that are filled together: the epoch; what each account has; answers. One of the first
makes all below it unknown, so that nobody would come upon the last.
"""
READERS = 40
"""More than all APIs have connections to the database."""
LOCKED_SECONDS = 20.0
"""Longer than a request waits for a connection."""
PATIENCE_SECONDS = 30.0
"""How long a client waits for an answer at most."""
OURS = (
    select(func.pg_terminate_backend(text("pid")))
    .select_from(text("pg_stat_activity"))
    .where(text("datname = current_database() AND pid <> pg_backend_pid()"))
)


def empty_the_cache(ground: Ground) -> None:
    redis = _cache(ground)
    _write_meanwhile(ground, lambda: redis.flushall())


def kill_the_cache(ground: Ground) -> None:
    """It comes back with what it had, also with what was changed while it was away."""

    def kill() -> None:
        ground.servers.valkey.kill()
        ground.kills += 1
        ground.wait_a_moment(0.5)
        ground.servers.valkey.start()

    _write_meanwhile(ground, kill)


def fill_the_cache(ground: Ground) -> None:
    """Under keys of ours lies something else: other bytes, or no bytes at all."""
    redis = _cache(ground)
    laid: set[tuple[bytes, bytes]] = set()
    """What lay there once knows what was true then, and would tell it again."""

    def fill() -> None:
        is_bytes = ground.random.random() < BYTES
        least, most = ground.random.choice(DEPTHS)
        for key in redis.scan_iter("safelight:*"):
            if least <= key.count(b":") <= most:
                unused = [garbage for garbage in GARBAGE if (key, garbage) not in laid]
                with redis.pipeline() as at_once:
                    at_once.delete(key)
                    if is_bytes and unused:
                        garbage = ground.random.choice(unused)
                        laid.add((key, garbage))
                        at_once.set(key, garbage)
                    else:
                        at_once.rpush(key, "a list")
                    at_once.execute()

    _write_meanwhile(ground, fill)


def _write_meanwhile(ground: Ground, harm: Callable[[], object]) -> None:
    """Nobody is told an older answer, nor another one than the database would give."""
    ann = ground.client()
    image_id = ann.surely(pictures.jpeg(number=1))
    assert ann.processed(image_id)["status"] == "ready"

    def write() -> None:
        for number in range(WRITES):
            rename(ann, image_id, f"name {number}")

    with ThreadPoolExecutor(1) as pool:
        for _ in range(TIMES):
            writing: Future[None] = pool.submit(write)
            ground.wait_a_moment()
            harm()
            writing.result()
            _read(ground, ann, image_id)
            harm()
            _read(ground, ann, image_id)


def _read(ground: Ground, ann: Customer, image_id: str) -> None:
    """From each API: what was written last."""
    for _ in ground.apis:
        ann.turn += 1
        assert ann.image(image_id)["name"] == f"name {WRITES - 1}"
        assert [image["id"] for image in ann.all_images()] == [image_id]


def end_all_connections(ground: Ground) -> None:
    """The database ends every session of ours, again and again."""
    for _ in range(TIMES):
        ground.until("a session to end", lambda: ground.product.rows(OURS))
        ground.wait_a_moment(1.0)


def exhaust_the_connections(ground: Ground) -> None:
    """Every connection waits for a table that somebody has locked: whoever comes then is refused
    in time, and all are served once the lock is gone.
    """
    ann = ground.client()
    with ThreadPoolExecutor(READERS + 1) as pool:
        locked = Event()
        locking = pool.submit(asyncio.run, _lock(ground.product.database_url(), locked))
        assert locked.wait(PATIENCE_SECONDS)
        began = time.monotonic()
        answers = list(pool.map(lambda n: _list(ann, n), range(READERS)))
        waited = time.monotonic() - began
        locking.result()
    assert waited < PATIENCE_SECONDS, f"somebody waited {waited:.0f} s for an answer"
    refused = [answer for answer in answers if not answer.is_success]
    for answer in refused:
        assert_problem(answer, 503, "service-unavailable")
    assert refused


def _list(ann: Customer, number: int) -> httpx.Response:
    """An answer that is not in the cache, from one API and the other in turn."""
    ann.turn += 1
    return ann.get("/v1/images", params={"limit": str(number + 1)})


async def _lock(url: str, locked: Event) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("BEGIN; LOCK TABLE images IN ACCESS EXCLUSIVE MODE")
    locked.set()
    await asyncio.sleep(LOCKED_SECONDS)
    await connection.close()


def lose_an_original(ground: Ground) -> None:
    """It is removed by hand: that is told and not guessed at. Put back, everything is well."""
    ann = ground.client()
    content = pictures.jpeg(number=1)
    image_id = ann.surely(content)
    assert ann.processed(image_id)["status"] == "ready"
    ground.ledger.reprocessed(image_id)
    [[account_id]] = ground.product.rows(select(images.c.account_id).where(images.c.id == image_id))
    key, store = keys.original(account_id, image_id), ground.scaled.store()
    obstore.delete(store, key)
    assert_problem(ann.get(ann.image(image_id)["url"]), 503, "storage-unavailable")
    code, words = ground.product.verify()
    assert code != 0
    assert f"its object {key} is missing" in words, words
    failed = _reprocessed(ann, image_id)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "original-missing")
    obstore.put(store, key, pictures.jpeg(number=-1))
    failed = _reprocessed(ann, image_id)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "original-damaged")
    obstore.put(store, key, content)
    assert _reprocessed(ann, image_id)["status"] == "ready"


def _reprocessed(ann: Customer, image_id: str) -> dict[str, Any]:
    answer = ann.post(f"/v1/images/{image_id}/reprocess")
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return ann.processed(image_id)


def _cache(ground: Ground) -> Redis:
    return Redis.from_url(ground.product.environment["SAFELIGHT_CACHE_URL"])


FAULTS = [
    Fault("the cache is emptied", SCALED, empty_the_cache),
    Fault("the cache is killed while it is written", SCALED, kill_the_cache),
    Fault("the cache is filled with other things", SCALED, fill_the_cache),
    Fault("the database ends all connections", SCALED, end_all_connections),
    Fault("no connection to the database is free", SCALED, exhaust_the_connections),
    Fault("an original is gone from the store", SCALED, lose_an_original),
]

"""No room, no quota, no descriptors, no turn at the database."""

import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from tests import plain_http
from tests.faults.customer import Customer
from tests.faults.fault import BOTH, EMBEDDED, SCALED, Fault
from tests.faults.ground import Ground
from tests.journeys import pictures

ROOM = 24 << 20
"""Bytes beyond what the product already has."""
WRITERS = 50
LOCKED_SECONDS = 34.0
HELD_SECONDS = 4.0
FEWER = 8
"""Descriptors: less than any part has already, so that it gets not one more."""


def fill_the_disk(ground: Ground) -> None:
    """Data, database and all: uploads are refused, reading goes on, and with room it is well."""
    product = ground.product
    ground.load.pause()
    assert product.stop() == 0
    with _small_disk(product.data):
        product.start()
        ground.load.go_on()
        kept = ground.client()
        image_id = kept.surely(pictures.jpeg())
        kept.processed(image_id)
        _fill(product.data / "filler")
        _is_refused_and_read(ground, kept, image_id)
        (product.data / "filler").unlink()
        ground.recover()
        ground.promise_more(10)
        ground.load.pause()
        assert product.stop() == 0
    product.start()
    ground.load.go_on()


def exhaust_the_quota(ground: Ground) -> None:
    """What the object store does to a bucket over its quota: it may be read, not written."""
    kept = ground.client()
    image_id = kept.surely(pictures.jpeg())
    kept.processed(image_id)
    ground.servers.s3.close(ground.scaled.bucket)
    try:
        _is_refused_and_read(ground, kept, image_id)
    finally:
        ground.servers.s3.reopen(ground.scaled.bucket)
    ground.recover()
    ground.promise_more(10)


def take_the_descriptors(ground: Ground) -> None:
    """No file and no connection can be opened any more, by any part."""
    before = {}
    for part in ground.product.parts:
        process = psutil.Process(part.process.pid)
        before[process] = process.rlimit(resource.RLIMIT_NOFILE)
        process.rlimit(resource.RLIMIT_NOFILE, (FEWER, before[process][1]))
    until = time.monotonic() + HELD_SECONDS
    try:
        while (left := until - time.monotonic()) > 0:
            with suppress(httpx.TransportError):
                answer = plain_http.get(f"{ground.product.base_url}/health/live", timeout=left)
                raise AssertionError(f"a new connection was answered with {answer.status_code}")
            time.sleep(0.1)
    finally:
        for process, limits in before.items():
            process.rlimit(resource.RLIMIT_NOFILE, limits)
    # The event loop tells in its own words of each connection that it could not take.
    ground.may_trace = True


def lock_the_database(ground: Ground) -> None:
    """Fifty write at once while somebody else holds the lock for longer than they wait."""
    file = ground.product.data / "safelight.db"
    with closing(sqlite3.connect(file, timeout=60)) as stranger:
        customer = ground.client()
        images = [customer.surely(pictures.jpeg((64, 48), n)) for n in range(WRITERS)]
        with ThreadPoolExecutor(WRITERS) as pool:
            stranger.isolation_level = None
            stranger.execute("BEGIN IMMEDIATE")
            writing = [pool.submit(_rename, customer, image_id) for image_id in images]
            time.sleep(LOCKED_SECONDS)
            stranger.execute("ROLLBACK")
            ground.recover()
            codes = [one.result() for one in writing]
    # The relay tells of each time that it could not write.
    ground.may_trace = True
    assert 503 in codes, "nobody waited too long"
    assert set(codes) <= {200, 503}, f"writers were answered with {set(codes)}"
    assert set(map(_rename_of(customer), images)) == {200}


def _rename(customer: Customer, image_id: str) -> int:
    return customer.patch(f"/v1/images/{image_id}", json={"name": "written"}).status_code


def _rename_of(customer: Customer) -> Callable[[str], int]:
    return lambda image_id: _rename(customer, image_id)


def _is_refused_and_read(ground: Ground, kept: Customer, image_id: str) -> None:
    """Until a good deal was refused, in words that say so; what is there is delivered."""

    def refused() -> int:
        return sum(n for words, n in ground.answers.refusals.items() if words[:3] in ("503", "507"))

    enough = refused() + 10
    ground.until("uploads to be refused", lambda: refused() >= enough)
    image = kept.image(image_id)
    for link in (image["url"], image["variants"][0]["url"]):
        assert kept.get(link).status_code == 200


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """The folder with all that is in it on a file system with hardly any room."""
    aside = folder.with_name("aside")
    used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    folder.rename(aside)
    folder.mkdir()
    size = used * 2 + ROOM
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "safelight-faults", str(folder))
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield
    finally:
        # Whatever still runs would hold the disk.
        shutil.rmtree(aside)
        shutil.copytree(folder, aside)
        _run("umount", "--lazy", str(folder))
        folder.rmdir()
        aside.rename(folder)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


FAULTS = [
    Fault("the disk is full", EMBEDDED, fill_the_disk, needs="small disk"),
    Fault("the bucket is full", SCALED, exhaust_the_quota),
    Fault("no descriptor is left", BOTH, take_the_descriptors),
    Fault("fifty writers meet a lock", EMBEDDED, lock_the_database),
]

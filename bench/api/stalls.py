"""How long others wait while the product does what takes long: each wait is that of a request
that costs nothing itself, asked over and over.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median, quantiles

from bench.api.album import Album, album
from bench.api.generator import generating, request
from bench.client import Client, form
from bench.table import Row

SECONDS = 4.0
BYTES = 25_000_000
LIMIT = 20.0
"""Milliseconds, at the 99th percentile."""


def measure(picture: Path) -> list[Row]:
    with (
        tempfile.TemporaryDirectory() as written,
        album(picture, SAFELIGHT_LIMIT_LOGIN="100000/minute") as pictures,
        generating(Path(written)) as generator,
    ):
        pictures.copies()
        idle = generator.write("live", request("GET /health/live"))
        rows = []
        for what, work in _works(pictures, picture.read_bytes()).items():
            with _busy(work):
                waits = generator.run(pictures.base_url, idle, SECONDS, connections=1)
            rows.append(_row(what, waits.latencies))
        return rows


def _works(pictures: Album, picture: bytes) -> dict[str, Callable[[], object]]:
    base_url, token = pictures.base_url, pictures.client.token
    signing_in, uploading, listing = (Client(base_url, token) for _ in range(3))
    upload = form(picture.ljust(BYTES, b"\0"), "large.jpg")
    # Each list is of another moment, so that the cache has none.
    moments = (f"2100-01-01T00:{n // 60 % 60:02}:{n % 60:02}.{n // 3600:03}Z" for n in count())
    return {
        "nothing else": lambda: time.sleep(0.05),
        "password checks": lambda: signing_in.sign_in("reader"),
        "uploads of 25 MB": lambda: uploading.upload(upload),
        "lists of 200": lambda: listing.fetch(
            f"/v1/images?limit=200&created_before={next(moments)}"
        ),
    }


@contextmanager
def _busy(work: Callable[[], object]) -> Iterator[None]:
    """The work is done over and over, one at a time, until the block ends."""
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            work()

    with ThreadPoolExecutor(1) as worker:
        working = worker.submit(go_on)
        try:
            yield
        finally:
            over.set()
        working.result()


def _row(what: str, waits: list[float]) -> Row:
    *_, worst = quantiles(waits, n=100)
    milliseconds = [1000 * seconds for seconds in (median(waits), worst, max(waits))]
    middle, late, longest = milliseconds
    return Row(
        f"wait of others beside {what}, 99th percentile",
        f"{middle:.1f} ms the median, {longest:.0f} ms the longest",
        f"{late:.1f} ms",
        late <= LIMIT,
        f"≤ {LIMIT:.0f} ms",
    )

"""How long a page of the list takes, first and deep, with few images and with a million."""

import asyncio
import json
import time
from statistics import median
from urllib.parse import urlencode

from bench.client import Client
from bench.scaled.product import scaled
from bench.scaled.rows import Position, deep_positions, fill
from bench.table import Row
from safelight.backends import keyfiles
from safelight.image_app.images.schemas import ListParameters
from safelight.image_app.paging import Cursors
from tests.scaled import ScaledProduct, Servers

FEW, MANY = 1_000, 1_000_000
PAGE = 50
ROUNDS = 300
LIMIT = 1.3
SETTINGS = {
    "SAFELIGHT_LOG_LEVEL": "error",
    # Of several APIs none has a cache in its own memory: every page comes from the database.
    "SAFELIGHT_CACHE_URL": "mem://",
}


class Account:
    """The one account of an installation, and the cursors that it would be given."""

    def __init__(self, product: ScaledProduct, images: int) -> None:
        client = Client(product.base_url)
        client.sign_up("lists")
        self._url = product.database_url()
        self._id = asyncio.run(fill(self._url, images))
        # A connection of its own: the server has closed the one that was silent meanwhile.
        self._client = Client(product.base_url, client.token)
        self._cursors = Cursors(keyfiles.link_secret(product.data / "link.secret"))

    def deep_cursors(self, count: int) -> list[str]:
        """Those of pages that begin behind at least half of the images."""
        positions = asyncio.run(deep_positions(self._url, self._id, count))
        return [self._cursor(position) for position in positions]

    def seconds(self, cursor: str = "") -> float:
        """Until a page has come."""
        query = {"limit": PAGE} | ({"cursor": cursor} if cursor else {})
        started = time.perf_counter()
        body = self._client.fetch(f"/v1/images?{urlencode(query)}")
        seconds = time.perf_counter() - started
        items = json.loads(body)["items"]
        assert len(items) == PAGE
        assert all(len(image["variants"]) == 4 for image in items)
        return seconds

    def _cursor(self, position: Position) -> str:
        place = [position.created_at.isoformat(), position.id]
        return self._cursors.pack(f"list:{self._id}:{ListParameters().question()}", place)


def measure(servers: Servers) -> list[Row]:
    """Medians of questions asked in turn, so that a busy machine slows all alike."""
    with (
        scaled(servers, processors=0, **SETTINGS) as small,
        scaled(servers, processors=0, **SETTINGS) as large,
    ):
        few, many = Account(small, FEW), Account(large, MANY)
        asked = [
            (few.seconds(), many.seconds(), many.seconds(cursor))
            for cursor in many.deep_cursors(ROUNDS)
        ]
    first_of_few, first, deep = (median(seconds) * 1000 for seconds in zip(*asked, strict=True))
    return [
        Row(
            f"a page of {PAGE} from the older half of {MANY:,} images, over the first page",
            f"{first:.1f} ms",
            f"{deep:.1f} ms = {deep / first:.2f}",
            deep / first <= LIMIT,
            f"≤ {LIMIT}",
        ),
        Row(
            f"the first page of {PAGE} of {MANY:,} images, over that of {FEW:,}",
            f"{first_of_few:.1f} ms",
            f"{first:.1f} ms = {first / first_of_few:.2f}",
        ),
    ]

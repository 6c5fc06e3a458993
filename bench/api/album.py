"""A product with pictures to read: fifty that were uploaded, and thousands of copies of a row."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bench.client import Client, form
from safelight.image_app import clock
from tests.product import Product, running

PICTURES = 50
COPIES = 30_000
SETTINGS = {
    "SAFELIGHT_LOG_LEVEL": "error",
    "SAFELIGHT_LIMIT_UPLOAD": "100000/minute",
}


class Album:
    """The account's pictures in a started product."""

    def __init__(self, product: Product, picture: bytes) -> None:
        self.base_url = product.base_url
        self.client = Client(product.base_url)
        self.client.sign_up("reader")
        body = form(picture, "picture.jpg")
        self.images = [self.client.upload(body) for _ in range(PICTURES)]
        while "processing" in self.client.statuses().values():
            time.sleep(0.05)
        self._database = product.data / "safelight.db"

    def copies(self) -> list[str]:
        """Ids of new images that nobody has read yet, with the variants of the first picture."""
        made = [clock.new_id() for _ in range(COPIES)]
        with closing(sqlite3.connect(self._database, timeout=30)) as database, database:
            for table, key in (("images", "id"), ("variants", "image_id")):
                _copy(database, table, key, self.images[0], made)
        return made


def _copy(
    database: sqlite3.Connection, table: str, key: str, original: str, made: list[str]
) -> None:
    """The rows of `original`, once for each new id."""
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    taken = ", ".join("?" if column == key else f'"{column}"' for column in columns)
    query = f"INSERT INTO {table} SELECT {taken} FROM {table} WHERE {key} = ?"  # noqa: S608 - names of our own
    # SQLite keeps ids without dashes.
    pairs = [(new.replace("-", ""), original.replace("-", "")) for new in made]
    database.executemany(query, pairs)


@contextmanager
def album(picture: Path, **settings: str) -> Iterator[Album]:
    with running(**SETTINGS, **settings) as product:
        yield Album(product, picture.read_bytes())

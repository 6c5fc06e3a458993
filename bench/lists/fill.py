"""Albums written straight into a migrated database, as their uploads would have left them."""

import asyncio
import csv
import io
import sqlite3
from collections.abc import AsyncIterator, Iterator
from itertools import islice

import asyncpg

from bench.lists.album import ACCOUNT, Picture, album, tags_of
from safelight.contract.presets import BUILT_IN
from safelight.image_app.images import grams

SHA256 = "0123456789abcdef" * 4
PLACEHOLDER = "data:image/webp;base64," + "UklGRjwAAABXRUJQVlA4IDAAAAD" * 4
IMAGES = (
    "id, account_id, name, description, tags, visibility, status, version, content_type, size, "
    "sha256, width, height, placeholder, created_at, updated_at, name_key, search"
)
VARIANTS = """
INSERT INTO variants (image_id, name, position, transformation, preset_version, fingerprint,
    status, content_type, width, height, size)
SELECT images.id, preset.name, preset.position, '{}', 1, preset.fingerprint, 'ready',
    'image/webp', 300, 225, 9000
FROM images CROSS JOIN (%s) AS preset ORDER BY images.created_at, preset.position
"""
SECONDS = 900
CHUNK = 5000


def fill_sqlite(path: str, count: int) -> None:
    """The album of so many pictures, each with its variants, in a file."""
    connection = sqlite3.connect(path)
    for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144"):
        connection.execute(f"PRAGMA {setting}")
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    made = triggers.fetchall()
    for name, _ in made:
        connection.execute(f"DROP TRIGGER {name}")
    places = ", ".join("?" * len(IMAGES.split(",")))
    rows, pictures = f"INSERT INTO images ({IMAGES}) VALUES ({places})", album(count)  # noqa: S608 - names of our own
    while some := list(islice(pictures, CHUNK)):
        connection.executemany(rows, map(_as_sqlite, some))
        connection.executemany(
            "INSERT INTO image_grams (image_id, grams) VALUES (?, ?)",
            ((picture.id.replace("-", ""), picture.words) for picture in some),
        )
    connection.execute(_variants())
    connection.execute("INSERT INTO image_grams_index (image_grams_index) VALUES ('rebuild')")
    for _, sql in made:
        connection.execute(sql)
    connection.commit()
    connection.close()


async def fill_postgresql(url: str, count: int) -> None:
    """The same in a database of PostgreSQL."""
    connection = await asyncpg.connect(url, command_timeout=SECONDS)
    # Every variant is made of an image that is there: nothing to check a million times.
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SET maintenance_work_mem = '512MB'")
    index = await connection.fetchval(
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_image_grams_grams'"
    )
    await connection.execute("DROP INDEX ix_image_grams_grams")
    for table, columns, as_row in (
        ("images", IMAGES.split(", "), _as_postgresql),
        ("image_grams", ["image_id", "grams"], lambda picture: (picture.id, picture.words)),
    ):
        await connection.copy_to_table(
            table, source=_chunks(map(as_row, album(count))), columns=columns, format="csv"
        )
    await connection.execute(_variants())
    await connection.execute(index)
    # As autovacuum would have left them, and so that it does not come while we measure.
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _variants() -> str:
    """Those of each image together, as they are written with it."""
    presets = " UNION ALL ".join(
        f"SELECT '{name}' AS name, {position} AS position, '{made.fingerprint()}' AS fingerprint"
        for position, (name, made) in enumerate(BUILT_IN.items())
    )
    return VARIANTS % presets


def _as_postgresql(picture: Picture) -> tuple[object, ...]:
    return _row(picture, picture.id, ACCOUNT, picture.created_at.isoformat())


def _as_sqlite(picture: Picture) -> tuple[object, ...]:
    time = picture.created_at.strftime("%Y-%m-%d %H:%M:%S.%f")
    return _row(picture, picture.id.replace("-", ""), ACCOUNT.replace("-", ""), time)


def _row(picture: Picture, id_: str, account_id: str, time: str) -> tuple[object, ...]:
    said = picture.name, picture.description, tags_of(picture), "private", picture.status, 1
    seen = picture.content_type, picture.size, SHA256, 4000, 3000, PLACEHOLDER
    return id_, account_id, *said, *seen, time, time, grams.fold(picture.name), picture.search


async def _chunks(rows: Iterator[tuple[object, ...]]) -> AsyncIterator[bytes]:
    while some := list(islice(rows, CHUNK)):
        text = io.StringIO()
        csv.writer(text).writerows(some)
        yield text.getvalue().encode()
        await asyncio.sleep(0)

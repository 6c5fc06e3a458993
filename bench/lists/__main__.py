"""`python -m bench.lists`: lists of a thousand and of a million pictures, in both databases."""

import argparse
import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.lists.fill import fill_postgresql, fill_sqlite
from bench.lists.measure import measure
from bench.table import Row, show
from safelight.backends.database import Database
from safelight.image_app.migrations import migrate
from tests.servers import Postgres

FEW, MANY = 1_000, 1_000_000
KINDS = ("postgresql", "sqlite")


async def measure_lists(many: int = MANY, kinds: tuple[str, ...] = KINDS) -> list[Row]:
    """Fill and measure: some ten minutes for a million in each database, by far most to fill."""
    rows: list[Row] = []
    with TemporaryDirectory() as folder:
        for kind in kinds:
            rows += await (_in_postgresql if kind == KINDS[0] else _in_sqlite)(Path(folder), many)
    return rows


async def _in_postgresql(folder: Path, many: int) -> list[Row]:
    server = Postgres(folder / "postgres")
    try:
        server.start()
        albums = []
        for count in (FEW, many):
            _say(f"filling PostgreSQL with {count:,} images ...")
            url = await _migrated(server.url(server.create()))
            await fill_postgresql(url, count)
            albums.append((url, count))
        _say("measuring ...")
        return await measure(KINDS[0], *albums)
    finally:
        server.kill()


async def _in_sqlite(folder: Path, many: int) -> list[Row]:
    albums = []
    for count in (FEW, many):
        _say(f"filling SQLite with {count:,} images ...")
        path = folder / f"{count}.db"
        url = await _migrated(f"sqlite:///{path}")
        await asyncio.to_thread(fill_sqlite, str(path), count)
        albums.append((url, count))
    _say("measuring ...")
    return await measure(KINDS[1], *albums)


async def _migrated(url: str) -> str:
    database = Database(url)
    await migrate(database)
    await database.close()
    return url


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """0 when every target is met."""
    parser = argparse.ArgumentParser(prog="bench.lists", description=__doc__)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--database", choices=KINDS, action="append")
    given = parser.parse_args()
    rows = asyncio.run(measure_lists(given.many, tuple(given.database or KINDS)))
    show(rows)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Queries that are asked so often that what lies around a query costs more than the query.

Each is compiled once; SQLite is read on the spot, since a change of thread takes ten times as long
as a point read, and PostgreSQL through the driver itself.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Select, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import TypeEngine

BUSY_SECONDS = 0.1
"""Longest wait for a writer: it holds up everybody. A reader waits only while a file is mended."""

CACHE_KIB = 16 << 10
"""Of the file's pages that are kept while nobody writes."""


class Compiled:
    """A query as the driver takes it, and its rows as SQLAlchemy would give them."""

    def __init__(self, query: Select[Any], dialect: Dialect) -> None:
        compiled = query.compile(dialect=dialect)
        self.text = str(compiled)
        self._names = list(compiled.positiontup or ())
        self._binders = compiled._bind_processors
        columns = list(query.selected_columns)
        names = [str(column.key) for column in columns]
        self._row: Any = namedtuple("_row", names)  # type: ignore[misc] # known when it runs
        found = [column.type.dialect_impl(dialect) for column in columns]
        readers = [_reader(kind, dialect) for kind in found]
        self._readers = [(at, read) for at, read in enumerate(readers) if read is not None]

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        return [self._bound(name, values[name]) for name in self._names]

    def _bound(self, name: str, value: Any) -> Any:
        bind: Callable[[Any], Any] | None = self._binders.get(name)  # type: ignore[assignment] # no tuples
        return bind(value) if bind else value

    def rows(self, found: Iterable[Iterable[Any]]) -> list[Any]:
        return list(map(self._read if self._readers else self._row._make, found))

    def _read(self, found: Iterable[Any]) -> Any:
        row = list(found)
        for at, read in self._readers:
            row[at] = read(row[at])
        return self._row._make(row)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, Uuid) and dialect.name == "sqlite":
        return _dashed
    return kind.result_processor(dialect, None)


def _dashed(hexadecimal: str | None) -> str | None:
    """An id as text, which SQLAlchemy makes ten times as slowly."""
    if hexadecimal is None:
        return None
    parts = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    return "-".join([hexadecimal[start:end] for start, end in parts])


class Often:
    """Asks the same few queries of the database behind an engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._compiled: dict[Select[Any], Compiled] = {}
        self._file: sqlite3.Connection | None = None

    async def ask(self, query: Select[Any], values: dict[str, Any]) -> list[Any]:
        compiled = self._compiled.get(query)
        if compiled is None:
            compiled = self._compiled[query] = Compiled(query, self._engine.dialect)
        arguments = compiled.arguments(values)
        if self._engine.dialect.name == "sqlite":
            return compiled.rows(self._reader().execute(compiled.text, arguments))
        async with self._engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            return compiled.rows(await driver.fetch(compiled.text, *arguments))

    def _reader(self) -> sqlite3.Connection:
        if self._file is None:
            path = self._engine.url.database or ""
            self._file = sqlite3.connect(path, BUSY_SECONDS, isolation_level=None)
            self._file.execute("PRAGMA query_only=ON")
            self._file.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        return self._file

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

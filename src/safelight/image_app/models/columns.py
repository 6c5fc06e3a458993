"""What tables are made of."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    MetaData,
    Text,
    Uuid,
)
from sqlalchemy.engine import Dialect, Row
from sqlalchemy.types import TypeDecorator

Found = Row[*tuple[Any, ...]]
"""A row of any of the tables, or of several."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC, also on SQLite, which keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


BYTEWISE = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by its bytes, as it does on SQLite, whatever the database's language."""


def an_id(name: str = "id", *args: Any, **options: Any) -> Column[str]:
    return Column(name, Uuid(as_uuid=False), *args, **options)


def a_sequence(name: str = "id") -> Column[int]:
    wide = BigInteger().with_variant(Integer, "sqlite")
    return Column(name, wide, primary_key=True, autoincrement=True)

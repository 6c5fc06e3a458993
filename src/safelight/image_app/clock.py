"""Time and ids, as the API writes them."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def now() -> datetime:
    """The time in UTC, to the millisecond: what is shown is what is stored."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def new_id() -> str:
    """A UUIDv7: later ids sort after earlier ones."""
    return str(uuid7())


def made_at(id_: str) -> datetime:
    """When an id of ours was made: its first 48 bits are milliseconds."""
    return datetime.fromtimestamp(int(id_.replace("-", "")[:12], 16) / 1000, UTC)


def first_id_at(time: datetime) -> str:
    """No id that was made at that time or later sorts before it."""
    return str(UUID(int=round(time.timestamp() * 1000) << 80))

"""Time and ids, as the API writes them."""

import time
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def now() -> datetime:
    """The time in UTC, to the millisecond: what is shown is what is stored."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def new_id() -> str:
    """A UUIDv7: later ids sort after earlier ones."""
    return str(uuid7())


def id_of_now() -> str:
    """A new id that was made `now`, also where the clock has gone back; `new_id` goes on then."""
    return str(uuid7(nanoseconds=time.time_ns()))


def made_at(id_: str) -> datetime:
    """When an id of ours was made: its first 48 bits are milliseconds."""
    return datetime.fromtimestamp(int(id_.replace("-", "")[:12], 16) / 1000, UTC)


def first_id_at(moment: datetime) -> str:
    """No id that was made at that time or later sorts before it."""
    return str(UUID(int=round(moment.timestamp() * 1000) << 80))

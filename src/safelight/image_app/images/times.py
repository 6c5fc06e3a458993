"""Times in a question, as RFC 3339 writes them.

What is kept is kept to the millisecond, so a finer time is moved to the one that asks the same.
"""

import re
from datetime import UTC, datetime, timedelta

_TIME = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DIGITS = 3


def first_after(text: object) -> datetime:
    """A time after which lies just what lies after this one."""
    return _read(text, timedelta())


def last_before(text: object) -> datetime:
    """A time before which lies just what lies before this one."""
    return _read(text, timedelta(milliseconds=1))


def _read(text: object, finer: timedelta) -> datetime:
    """The time in UTC to the millisecond, rounded down; `finer` is added where that cuts off."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(
            "must be a time with its offset as 2026-11-23T08:00:00Z; write + as %2B in an address"
        )
    seconds, fraction, offset = found.groups(default="")
    milliseconds = int(fraction[:_DIGITS].ljust(_DIGITS, "0"))
    is_finer = bool(fraction[_DIGITS:].strip("0"))
    try:
        time = datetime.fromisoformat(seconds.upper() + offset.upper().replace("Z", "+00:00"))
        time = time.astimezone(UTC) + timedelta(milliseconds=milliseconds)
        return time + finer if is_finer else time
    except (ValueError, OverflowError):
        raise ValueError("is no time that there is") from None

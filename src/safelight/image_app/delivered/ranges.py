"""Byte ranges (RFC 9110): one range is answered with its part, several with the whole."""

import re

from safelight.image_app import errors
from safelight.image_app.errors import Problem

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def part_of(size: int, header: str | None, if_range: str | None, etag: str) -> range | None:
    """The bytes to send, or None for the whole; raises `range-not-satisfiable`.

    What is no single range of bytes, and a range of something that has changed, is ignored.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or (if_range is not None and if_range.strip() != etag):
        return None
    first, last = found.groups()
    if first:
        start, stop = int(first), min(int(last) + 1 if last else size, size)
        if last and int(last) < start:
            return None
    elif last:
        start, stop = max(size - int(last), 0), size
    else:
        return None
    if start >= stop:
        raise _outside(size)
    return range(start, stop)


def _outside(size: int) -> Problem:
    problem = errors.RANGE_NOT_SATISFIABLE(f"The file has {size} bytes.")
    problem.headers = {"Content-Range": f"bytes */{size}"}
    return problem

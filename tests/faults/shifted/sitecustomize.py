"""Another time than the machine's, for processes that are started with this on their path.

Linux has no clock of a process's own, and not every machine has a library that pretends one. So
`time.time` and `datetime.now` are replaced before anything else is imported. Monotonic time goes
on as it does when an administrator sets the clock.
"""

import ctypes
import datetime
import gc
import mmap
import os
import struct
import time

with open(os.environ["SAFELIGHT_TEST_CLOCK"], "rb") as file:  # noqa: PTH123 - quick to import
    seen = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
real, real_ns = time.time, time.time_ns


def shift() -> float:
    """Seconds, as they are written there now."""
    seconds: float = struct.unpack("d", seen)[0]
    return seconds


def now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
    return cls.fromtimestamp(time.time(), tz)


time.time = lambda: real() + shift()
time.time_ns = lambda: real_ns() + round(shift() * 1e9)
# A class of C's can't be given a method, and one in its place would be another class.
gc.get_referents(datetime.datetime.__dict__)[0]["now"] = classmethod(now)
ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))

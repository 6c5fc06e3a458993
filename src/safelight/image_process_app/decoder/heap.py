"""What the C library keeps of memory that is free again."""

import ctypes

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


def give_back() -> None:
    """Return what the last picture took to the system, where the C library can: it would keep
    more with each picture, up to a hundred megabytes, and the next large one comes on top.
    """
    if _trim is not None:
        _trim(0)

"""Files without a name, to hand pictures over by descriptor."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def memory_file(name: str) -> Iterator[int]:
    """A descriptor of an empty file that is gone when the block ends."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create(name)
    else:
        fd, path = tempfile.mkstemp()
        os.unlink(path)  # noqa: PTH108 - it never has a name worth a Path
    try:
        yield fd
    finally:
        os.close(fd)

"""Files without a name, to hand pictures over by descriptor."""

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

NOT_SEALED = "" if hasattr(fcntl, "F_ADD_SEALS") else f"{sys.platform} has no files to seal"
"""Why `seal` does nothing here."""


@contextmanager
def memory_file(name: str) -> Iterator[int]:
    """A descriptor of an empty file that is gone when the block ends."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    else:
        fd, path = tempfile.mkstemp()
        os.unlink(path)  # noqa: PTH108 - it never has a name worth a Path
    try:
        yield fd
    finally:
        os.close(fd)


def seal(fd: int) -> None:
    """From here on nobody can change a memory file, whoever else has it open. Raises `OSError`
    while somebody could still write to it through a part that is mapped into memory.
    """
    if not NOT_SEALED:
        changes = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, changes | fcntl.F_SEAL_SEAL)

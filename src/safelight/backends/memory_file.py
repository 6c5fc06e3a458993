"""Files without a name, to hand pictures over by descriptor."""

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

NOT_SEALED = "" if hasattr(fcntl, "F_ADD_SEALS") else f"{sys.platform} has no files to seal"
"""Why `seal` does nothing here."""


@contextmanager
def memory_file(name: str) -> Iterator[int]:
    """A descriptor of an empty file that is gone when the block ends: whoever else still has it
    open has nothing of it.
    """
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    else:
        fd, path = tempfile.mkstemp()
        os.unlink(path)  # noqa: PTH108 - it never has a name worth a Path
    try:
        yield fd
    finally:
        with suppress(OSError):
            _add_seals(fd, "F_SEAL_GROW")
            os.ftruncate(fd, 0)
        os.close(fd)


def seal(fd: int) -> None:
    """From here on nobody can write to a memory file, whoever else has it open; it can only be
    emptied, which its owner does in the end. Raises `OSError` while somebody could still write to
    it through a part that is mapped into memory.
    """
    _add_seals(fd, "F_SEAL_WRITE", "F_SEAL_GROW")


def _add_seals(fd: int, *names: str) -> None:
    if not NOT_SEALED:
        seals = sum(getattr(fcntl, name) for name in names)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)

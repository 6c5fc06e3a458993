"""What a decoder child may not do."""

import ctypes
import os
import resource
import signal
import sys

FILE_BYTES = 128 << 20
FILES = 64
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def confine(memory: int) -> None:
    """Bound this process: `memory` bytes of address space, no core dumps, small and few files."""
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, FILES),
    ):
        resource.setrlimit(what, (most, most))


def die_with_parent(parent: int) -> None:
    """End this process with its parent, however that ends. Where the kernel has no word for
    this, the closed socket ends it after the picture at hand.
    """
    if sys.platform == "linux":
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the parent is gone")


def give_back() -> None:
    """Return what the last picture took to the system, where the C library can: it would keep
    more with each picture, up to a hundred megabytes, and the next large one comes on top.
    """
    trim = getattr(_LIBC, "malloc_trim", None)
    if trim is not None:
        trim(0)

"""What a decoder child may not do."""

import ctypes
import os
import resource
import signal
import sys

FILE_BYTES = 128 << 20
FILES = 64
PR_SET_PDEATHSIG = 1


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
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the parent is gone")

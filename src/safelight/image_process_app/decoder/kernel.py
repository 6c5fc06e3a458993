"""Words to the Linux kernel for which Python has none.

Every call raises `OSError` when it is refused, `Missing` on another system.
"""

import ctypes
import os
import platform
import sys

LINUX = sys.platform == "linux"
LITTLE_ENDIAN = sys.byteorder == "little"
MACHINE = platform.machine()

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_READ = 23
PR_SET_NO_NEW_PRIVS = 38

CAP_KILL = 5

_libc = ctypes.CDLL(None, use_errno=True)


class Missing(Exception):
    """This machine can't do it; the text says why."""


def prctl(option: int, value: int) -> int:
    """`prctl(2)`, whose other three arguments are 0 for all that is asked here."""
    _expect_linux()
    zero = ctypes.c_ulong(0)
    return _checked(_libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero))


def system_call(number: int, *arguments: int | bytes | None) -> int:
    """A system call by its number; bytes, such as a packed structure, by their address."""
    _expect_linux()
    given = [
        ctypes.c_long(argument) if isinstance(argument, int) else ctypes.c_char_p(argument)
        for argument in arguments
    ]
    return _checked(_libc.syscall(ctypes.c_long(number), *given))


def _expect_linux() -> None:
    if not LINUX:
        raise Missing(f"{sys.platform} does not have it")


def _checked(result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result

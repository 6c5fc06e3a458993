"""Seccomp: the few calls to the kernel that decoding takes, measured, and no other (Linux 3.17).

The filter is a program of the kernel's packet filter that sees the number of a call and its
arguments, none of what they point to. Numbers from `linux/seccomp.h`, `linux/filter.h` and
`linux/audit.h`; how they are used, in `Documentation/userspace-api/seccomp_filter.rst`.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from safelight.image_process_app.decoder.kernel import (
    LITTLE_ENDIAN,
    MACHINE,
    Missing,
    system_call,
)

SET_MODE_FILTER = 1
EVERY_THREAD = 1
"""Also those that run already, such as libvips' workers."""
ALLOW = 0x7FFF0000
REFUSE = 0x00050000
"""With the error number in its low bits."""

LOAD, IF_EQUAL, IF_ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
"""Where in the description of a call each is; arguments have 8 bytes, the low half first."""

PROT_EXEC = 4
THREAD = 0x3D0F00
"""How the C library starts a thread: everything is shared, and no new namespace is made."""
THREAD_OF_MUSL = THREAD | 0x400000


@dataclass(frozen=True)
class Machine:
    """Its name in the kernel's audit, the number of `seccomp(2)`, and of every call that is let
    through: `plain` as they are, the others by what they ask for. `access` is the one by which the
    C library asks whether a file can be read.
    """

    audit: int
    seccomp: int
    plain: Mapping[str, int]
    access: int
    mmap: int
    mprotect: int
    clone: int
    tgkill: int
    clone3: int = 435


# The most frequent first, since they are compared in this order. What is only there for the day:
# `mremap` (a growing allocation), `recvfrom` (a request longer than one read), `clock_gettime`
# (where the clock can't be read without the kernel), `restart_syscall` and `rt_sigreturn` (after a
# stop and a signal), `sched_yield`, `getrandom`.
X86_64 = Machine(
    audit=0xC000003E,
    seccomp=317,
    plain={
        "futex": 202,
        "read": 0,
        "lseek": 8,
        "sendto": 44,
        "write": 1,
        "close": 3,
        "getpid": 39,
        "madvise": 28,
        "brk": 12,
        "dup": 32,
        "recvmsg": 47,
        "munmap": 11,
        "rt_sigprocmask": 14,
        "pread64": 17,
        "set_robust_list": 273,
        "rseq": 334,
        "exit": 60,
        "gettid": 186,
        "mremap": 25,
        "recvfrom": 45,
        "clock_gettime": 228,
        "restart_syscall": 219,
        "rt_sigreturn": 15,
        "sched_yield": 24,
        "getrandom": 318,
        "exit_group": 231,
    },
    access=21,  # access
    mmap=9,
    mprotect=10,
    clone=56,
    tgkill=234,
)
AARCH64 = Machine(
    audit=0xC00000B7,
    seccomp=277,
    plain={
        "futex": 98,
        "read": 63,
        "lseek": 62,
        "sendto": 206,
        "write": 64,
        "close": 57,
        "getpid": 172,
        "madvise": 233,
        "brk": 214,
        "dup": 23,
        "recvmsg": 212,
        "munmap": 215,
        "rt_sigprocmask": 135,
        "pread64": 67,
        "set_robust_list": 99,
        "rseq": 293,
        "exit": 93,
        "gettid": 178,
        "mremap": 216,
        "recvfrom": 207,
        "clock_gettime": 113,
        "restart_syscall": 128,
        "rt_sigreturn": 139,
        "sched_yield": 124,
        "getrandom": 278,
        "exit_group": 94,
    },
    access=48,  # faccessat
    mmap=222,
    mprotect=226,
    clone=220,
    tgkill=131,
)
MACHINES = {"x86_64": X86_64, "aarch64": AARCH64}

Instruction = tuple[int, int, int, int]
"""Code, how many to skip if true, how many if not, operand."""
INSTRUCTION = "=HBBI"
ALLOWED: Instruction = (RETURN, 0, 0, ALLOW)
REFUSED: Instruction = (RETURN, 0, 0, REFUSE | errno.EPERM)


def restrict() -> None:
    """Answer EPERM to every call of this process but those in the list, for good. `no_new_privs`
    must be set. Raises `Missing`, `OSError`.
    """
    machine = this_machine()
    install(machine, program(machine, os.getpid()))


def this_machine() -> Machine:
    machine = MACHINES.get(MACHINE)
    if machine is None or not LITTLE_ENDIAN or struct.calcsize("P") != struct.calcsize("Q"):
        raise Missing(f"there is no list of system calls for this machine, {MACHINE}")
    return machine


def install(machine: Machine, instructions: Sequence[Instruction]) -> None:
    """Have every thread of this process, and all that they start, filtered from here on."""
    packed = b"".join(struct.pack(INSTRUCTION, *line) for line in instructions)
    held = ctypes.create_string_buffer(packed)
    filled = struct.pack("HP", len(instructions), ctypes.addressof(held))
    try:
        thread = system_call(machine.seccomp, SET_MODE_FILTER, EVERY_THREAD, filled)
    except OSError as error:
        if error.errno == errno.ENOSYS:
            raise Missing("the kernel has no seccomp") from None
        raise
    if thread:
        raise Missing(f"thread {thread} has a filter of its own")


def program(machine: Machine, process: int) -> list[Instruction]:
    """The filter. A call by another architecture's numbers, such as those of 32 bits, is refused
    before it is looked at; those of x32 are in no list.
    """
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 1, 0, machine.audit),
        REFUSED,
        (LOAD, 0, 0, NUMBER),
        *(line for n in machine.plain.values() for line in _for_call(n, ALLOWED)),
        *_unless_bit(machine.mmap, 2, PROT_EXEC),
        *_unless_bit(machine.mprotect, 2, PROT_EXEC),
        *_if_equal(machine.clone, 0, THREAD, THREAD_OF_MUSL),
        # So that it can abort: to its own threads alone.
        *_if_equal(machine.tgkill, 0, process),
        # The font's library asks for the file of a font that it holds in memory, and draws nothing
        # unless the answer is yes. So it is, for any file, and the kernel does not look.
        *_for_call(machine.access, (RETURN, 0, 0, REFUSE)),
        # Its arguments can't be seen; to this answer the C library takes `clone`.
        *_for_call(machine.clone3, (RETURN, 0, 0, REFUSE | errno.ENOSYS)),
        REFUSED,
    ]


def _for_call(number: int, *then: Instruction) -> Iterator[Instruction]:
    yield IF_EQUAL, 0, len(then), number
    yield from then


def _if_equal(number: int, argument: int, *values: int) -> Iterator[Instruction]:
    tests = [line for value in values for line in ((IF_EQUAL, 0, 1, value), ALLOWED)]
    yield from _for_call(number, _load(argument), *tests, REFUSED)


def _unless_bit(number: int, argument: int, bit: int) -> Iterator[Instruction]:
    yield from _for_call(number, _load(argument), (IF_ANY_BIT, 0, 1, bit), REFUSED, ALLOWED)


def _load(argument: int) -> Instruction:
    """Its low half: the kernel looks at no bit above for what is judged here."""
    return LOAD, 0, 0, ARGUMENTS + 8 * argument

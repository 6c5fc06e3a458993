"""What a decoder that was taken over would try, and what of it must be refused."""

import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyvips

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
EXECUTABLE = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
NEW_USER, NEW_NET, THREAD = 0x10000000, 0x40000000, 0x00010F00
MANY_THREADS = 4096
NUMBERS = {
    "x86_64": {
        "ptrace": 101,
        "process_vm_readv": 310,
        "vfork": 58,
        "clone": 56,
        "bpf": 321,
        "keyctl": 250,
        "perf_event_open": 298,
        "userfaultfd": 323,
        "seccomp": 317,
        "execveat": 322,
        "memfd_secret": 447,
    },
    "aarch64": {
        "ptrace": 117,
        "process_vm_readv": 270,
        "clone": 220,
        "bpf": 280,
        "keyctl": 219,
        "perf_event_open": 241,
        "userfaultfd": 282,
        "seccomp": 277,
        "execveat": 281,
        "memfd_secret": 447,
    },
}[os.uname().machine]
NUMBERS |= {"clone3": 435, "io_uring_setup": 425, "pidfd_open": 434, "pidfd_getfd": 438}

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
PARENT = os.getppid()
OLD_CODE = bytes.fromhex("b814000000cd80c3")
"""`getpid` by the numbers of 32 bits: mov eax, 20; int 0x80; ret."""
old_code = mmap.mmap(-1, 4096, prot=EXECUTABLE)
old_code.write(OLD_CODE)


def call(name: str, *arguments: Any) -> int:
    """A system call that must not fail; in what it forks, nothing goes on."""
    made: int = libc.syscall(ctypes.c_long(NUMBERS[name]), *map(_argument, arguments))
    return checked(made)


def _argument(value: Any) -> Any:
    return ctypes.c_long(value) if isinstance(value, int) else value


def checked(result: int) -> int:
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def forked(pid: int) -> str:
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return f"process {pid}"


def connected(family: int, kind: int, address: Any = None) -> str:
    with socket.socket(family, kind) as made:
        if address:
            made.connect(address)
        return f"a socket {made.fileno()}"


def written(path: Path | str) -> str:
    Path(path).write_text("hostile")
    Path(path).unlink()
    return f"wrote {path}"


def mapped(fd: int, protection: int) -> int:
    """Where the first page of a file is in memory, shared and to be written to, or a page of none.
    By the C library, since Python would first ask what file it is.
    """
    shared = mmap.MAP_SHARED if fd >= 0 else mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    place = libc.mmap(None, ctypes.c_size_t(4096), protection, shared, fd, ctypes.c_long(0))
    checked(-1 if place == ctypes.c_void_p(-1).value else 0)
    return int(place)


def executable() -> str:
    area = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    checked(libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(4096), EXECUTABLE))
    return "executable"


def many_threads() -> str:
    threading.stack_size(1 << 15)
    gate = threading.Event()
    try:
        for _ in range(MANY_THREADS):
            threading.Thread(target=gate.wait).start()
    finally:
        gate.set()
    return f"{MANY_THREADS} threads"


def memory_of_parent() -> str:
    there = ctypes.create_string_buffer(8)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(there), 8)
    remote = (ctypes.c_void_p * 2)(id(None), 8)
    return str(call("process_vm_readv", PARENT, local, 1, remote, 1, 0))


def through(fd: int, write: Callable[[int], Any]) -> str:
    write(fd)
    return "changed"


def sent_back(target: int) -> str:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=int(sys.argv[1]))
    try:
        return f"{socket.send_fds(connection, [b' '], [target])} bytes and a descriptor"
    finally:
        connection.detach()


def eaten(count: int) -> str:
    return f"{len(bytearray(count))} bytes"


def changed_limit() -> str:
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    return "set"


def loaded(load: str, *given: Any) -> str:
    return str(getattr(pyvips.Image, load)(*given))


Tries = dict[str, Callable[[str, int, int], object]]
"""By name; each is told a folder with a file `secret`, the original and the output."""

ANYBODY: Tries = {
    "internet socket": lambda *_: connected(socket.AF_INET, socket.SOCK_STREAM),
    "datagram": lambda *_: connected(socket.AF_INET6, socket.SOCK_DGRAM),
    "unix socket": lambda *_: connected(socket.AF_UNIX, socket.SOCK_STREAM),
    "netlink socket": lambda *_: connected(socket.AF_NETLINK, socket.SOCK_RAW),
    "socket pair": lambda *_: str(socket.socketpair()),
    "environment": lambda *_: dict(os.environ).popitem(),
    "environment of its start": lambda *_: Path("/proc/self/environ").read_text(),
    "users": lambda *_: Path("/etc/passwd").read_text(),
    "list the data": lambda folder, *_: list(Path(folder).iterdir()),
    "read the data": lambda folder, *_: Path(folder, "secret").read_text(),
    "look at the data": lambda folder, *_: str(Path(folder, "secret").stat()),
    "write to the data": lambda folder, *_: written(Path(folder, "mine")),
    "change the data": lambda folder, *_: os.truncate(Path(folder, "secret"), 0),
    "remove the data": lambda folder, *_: Path(folder, "other").rename(Path(folder, "gone")),
    "write a file": lambda *_: written(f"/tmp/hostile-{os.getpid()}"),
    "shared memory": lambda *_: written(f"/dev/shm/hostile-{os.getpid()}"),
    "memory file": lambda *_: os.memfd_create("mine"),
    "pipe": lambda *_: os.pipe(),
    "its own memory as a file": lambda *_: Path("/proc/self/maps").read_text(),
    "fork": lambda *_: forked(os.fork()),
    "clone": lambda *_: forked(call("clone", signal.SIGCHLD, 0, 0, 0, 0)),
    "exec": lambda *_: os.spawnv(os.P_WAIT, "/bin/true", ["true"]) == 0 or 1 / 0,
    "executable memory": lambda *_: mapped(-1, EXECUTABLE),
    "memory made executable": lambda *_: executable(),
    "signal to the parent": lambda *_: os.kill(PARENT, 0),
    "signal to a thread": lambda *_: checked(libc.tgkill(PARENT, PARENT, 0)),
    "handle of the parent": lambda *_: call("pidfd_open", PARENT, 0),
    "parent's name": lambda *_: Path(f"/proc/{PARENT}/comm").read_text(),
    "session": lambda *_: os.getsid(0),
    "ioctl": lambda *_: checked(libc.ioctl(0, 0x5451, 0)),
    "limits": lambda *_: changed_limit(),
    "own name": lambda *_: checked(libc.prctl(15, b"friend", 0, 0, 0)),
}
"""What any process may do, outside of the room."""

SOME: Tries = {
    "environment of the parent": lambda *_: Path(f"/proc/{PARENT}/environ").read_text(),
    "memory of the parent": lambda *_: Path(f"/proc/{PARENT}/mem").open("rb").close(),
    "memory read over": lambda *_: memory_of_parent(),
    "trace the parent": lambda *_: call("ptrace", 16, PARENT, 0, 0),
    "shared memory of old": lambda *_: checked(libc.shmget(0, 4096, 0o1600)),
    "trace itself": lambda *_: call("ptrace", 0, 0, 0, 0),
    "descriptor of the parent": lambda *_: call("pidfd_getfd", 3, 0, 0),
    "exec in place": lambda *_: os.execv("/bin/true", ["true"]),
    "exec of its original": lambda _, source, __: call("execveat", source, b"", None, None, 0x1000),
    "clone3": lambda *_: call("clone3", bytes(64), 64),
    "clone in a new network": lambda *_: forked(call("clone", NEW_NET | signal.SIGCHLD, 0, 0)),
    "thread in a new place": lambda *_: call("clone", THREAD | NEW_USER, 0, 0, 0, 0),
    "signal to everybody": lambda *_: os.kill(-1, 0),
    "unshare": lambda *_: checked(libc.unshare(NEW_USER)),
    "mount": lambda *_: checked(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)),
    "chroot": lambda *_: os.chroot("/tmp"),
    "keys": lambda *_: call("keyctl", 0, -4, 1),
    "io_uring": lambda *_: call("io_uring_setup", 4, bytes(120)),
    "bpf": lambda *_: call("bpf", 0, bytes(64), 64),
    "perf": lambda *_: call("perf_event_open", bytes(128), 0, -1, -1, 0),
    "userfaultfd": lambda *_: call("userfaultfd", 1),
    "secret memory": lambda *_: call("memfd_secret", 0),
    "another filter": lambda *_: call("seccomp", 1, 0, bytes(16)),
    "32 bits of x86": lambda *_: checked(libc.syscall(ctypes.c_long(0x40000000 | 39))),
    "root again": lambda *_: os.setuid(0),
    "dumpable again": lambda *_: checked(libc.prctl(4, 1, 0, 0, 0)),
    "outlive the parent": lambda *_: checked(libc.prctl(1, 0, 0, 0, 0)),
    "many threads": lambda *_: many_threads(),
    "two gigabytes": lambda *_: eaten(2 << 30),
    "write to the original": lambda _, source, __: through(source, lambda f: os.write(f, b"x")),
    "cut the original": lambda _, source, __: through(source, lambda f: os.ftruncate(f, 0)),
    "map the original": lambda _, source, __: mapped(source, mmap.PROT_READ | mmap.PROT_WRITE),
    "rights of the original": lambda _, source, __: through(source, lambda f: os.fchmod(f, 0o777)),
    "time of the original": lambda _, source, __: through(source, lambda f: os.utime(f, (1, 1))),
    "open the original again": lambda _, source, __: os.open(f"/proc/self/fd/{source}", os.O_RDWR),
    "more than the output may have": lambda _, __, target: through(
        target, lambda f: (os.lseek(f, 128 << 20, 0), os.write(f, b"x"))
    ),
    "grow the output at once": lambda _, __, target: through(
        target, lambda f: os.posix_fallocate(f, 0, 1 << 30)
    ),
    "descriptor sent back": lambda _, __, target: sent_back(target),
    "SVG": lambda *_: loaded("svgload_buffer", SVG),
    "SVG by guess": lambda *_: loaded("new_from_buffer", SVG, ""),
    "CSV": lambda *_: loaded("csvload_source", pyvips.Source.new_from_memory(b"1,2")),
    "raw": lambda *_: loaded("rawload", "/etc/passwd", 1, 1, 1),
    "JPEG by name": lambda *_: loaded("jpegload", "/etc/passwd"),
}
"""What takes rights, a newer kernel or the room itself to be tried."""

if "vfork" in NUMBERS:
    SOME["vfork"] = lambda *_: forked(call("vfork"))
TRIES = ANYBODY | SOME


def attempt(name: str, folder: str, source: int, target: int) -> dict[str, str]:
    """What was gained, or by what it was refused."""
    try:
        return {"gained": str(TRIES[name](folder, source, target))}
    except BaseException as refusal:
        return {"refused": f"{type(refusal).__name__}: {refusal}"}

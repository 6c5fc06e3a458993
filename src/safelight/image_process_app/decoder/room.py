"""The locked room: what a decoder child may not do, and who sees to it.

Each lock that does not hold on this machine is noted with why, and the others hold all the same.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from safelight.image_process_app.decoder import landlock, seccomp
from safelight.image_process_app.decoder.kernel import (
    CAP_KILL,
    LINUX,
    PR_CAPBSET_READ,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    Missing,
    prctl,
)

FILE_BYTES = 128 << 20
FILES = 64
THREADS = 1024
"""More than the whole machine had when the child was started. The kernel counts those of the user,
wherever they are, and can't be asked for fewer without hindering the user's other work."""
NOBODY = 65534
STDIN, STDERR = 0, 2


class Room:
    """One process, locked in three steps: `enter` before anything is loaded, `close_files` before
    there is a second thread, `lock` before anything hostile comes.
    """

    def __init__(self) -> None:
        self.locks: dict[str, str] = {}
        """By name: "" when it holds, or why it does not."""

    def enter(self, parent: int, memory: int, seconds: int) -> None:
        """Bound this process to `memory` bytes of address space and `seconds` of the processor, and
        end it with its parent.
        """
        self._close("limits", lambda: _limit(memory, seconds))
        self._close("no-new-privileges", lambda: prctl(PR_SET_NO_NEW_PRIVS, 1))
        self._bind()
        if LINUX and os.getppid() != parent:
            sys.exit("the parent is gone")

    def close_files(self, readable: Sequence[str]) -> None:
        """From here on only the files `readable` can be opened. Every thread must come later."""
        self._close("landlock", lambda: landlock.restrict(readable))

    def lock(self, kept: int) -> None:
        """Give up everything but the descriptor `kept`; from here on nothing at all can be opened,
        started or asked of the kernel but what decoding takes.
        """
        self._close("no-root", _give_up_root)
        self._bind()  # which a change of user undoes
        os.dup2(STDIN, STDERR)  # to nowhere: what is hostile must not fill a log
        os.closerange(STDERR + 1, kept)
        os.closerange(kept + 1, FILES)
        os.environ.clear()
        self._close("seccomp", seccomp.restrict)

    def _bind(self) -> None:
        """Nobody but root may look into this process, and it dies with its parent. Where the kernel
        has no word for that, the closed socket ends it after the picture at hand.
        """
        self._close("undumpable", lambda: prctl(PR_SET_DUMPABLE, 0))
        self._close("parent-death", lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def _close(self, name: str, close: Callable[[], object]) -> None:
        try:
            close()
        except (Missing, OSError, ValueError) as error:
            self.locks[name] = str(error)
        else:
            self.locks[name] = ""


def _limit(memory: int, seconds: int) -> None:
    """Raises `Missing` for those that could not be set; the others hold."""
    failed = []
    for name, most in (
        ("AS", memory),
        ("CPU", seconds),
        ("FSIZE", FILE_BYTES),
        ("NOFILE", FILES),
        ("NPROC", _threads()),
        ("CORE", 0),
        ("MEMLOCK", 0),
        ("MSGQUEUE", 0),
    ):
        what = getattr(resource, f"RLIMIT_{name}", None)
        if what is None or most is None:
            continue  # nothing that this system hands out
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError) as error:
            failed.append(f"RLIMIT_{name}: {error}")
    if failed:
        raise Missing("; ".join(failed))


def _threads() -> int | None:
    """Of the user at most, the child's included; None where threads are not counted."""
    try:
        running = Path("/proc/loadavg").read_text().split()[3]
    except OSError:
        return None
    return int(running.partition("/")[2]) + THREADS


def _give_up_root() -> None:
    """Go on as a user who owns nothing."""
    if os.geteuid() != 0:
        return
    if LINUX and not prctl(PR_CAPBSET_READ, CAP_KILL):
        raise Missing("without CAP_KILL its parent could not end a child that is not root")
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)

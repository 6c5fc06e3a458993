"""Landlock: only named files can be read, and no other process is reached (Linux 5.13).

Numbers from the kernel's `include/uapi/linux/landlock.h`, explained in its
`Documentation/userspace-api/landlock.rst`.
"""

import errno
import os
import struct
from collections.abc import Sequence

from safelight.image_process_app.decoder.kernel import Missing, system_call

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""The same on every machine."""
TELL_VERSION = 1
PATH_BENEATH = 1
READ_FILE = 1 << 2

FIRST, WITH_REFER, WITH_TRUNCATE, WITH_TCP, WITH_DEVICES, WITH_SCOPES = 1, 2, 3, 4, 5, 6
"""Versions of Landlock, each of which knows what those before it know."""
FILE_RIGHTS = {FIRST: 13, WITH_REFER: 14, WITH_TRUNCATE: 15, WITH_DEVICES: 16}
"""How many rights over files each version has, one bit each from the lowest on."""
TCP = 0b11
"""To bind and to connect."""
SCOPES = 0b11
"""Abstract sockets of others, and signals to others."""


def restrict(readable: Sequence[str]) -> None:
    """Let this thread, and those that it will start, open the files `readable` and nothing else,
    nor make, move, change or remove any; where the kernel knows how, no TCP, no signal to others
    and no abstract socket of theirs. `no_new_privs` must be set. Raises `Missing`, `OSError`.
    """
    version = _version()
    files = (1 << max(n for since, n in FILE_RIGHTS.items() if since <= version)) - 1
    refused = [files]
    if version >= WITH_TCP:
        refused.append(TCP)
    if version >= WITH_SCOPES:
        refused.append(SCOPES)
    ruleset = struct.pack(f"={len(refused)}Q", *refused)
    rules = system_call(CREATE_RULESET, ruleset, len(ruleset), 0)
    try:
        for path in readable:
            _allow(rules, path)
        system_call(RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _version() -> int:
    try:
        return system_call(CREATE_RULESET, None, 0, TELL_VERSION)
    except OSError as error:
        reasons = {
            errno.ENOSYS: "the kernel has no Landlock",
            errno.EOPNOTSUPP: "Landlock is not switched on when the kernel starts",
            errno.EPERM: "the container forbids Landlock",
        }
        raise Missing(reasons.get(error.errno or 0, str(error.strerror))) from None


def _allow(rules: int, path: str) -> None:
    file = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        system_call(ADD_RULE, rules, PATH_BENEATH, struct.pack("=Qi", READ_FILE, file), 0)
    finally:
        os.close(file)

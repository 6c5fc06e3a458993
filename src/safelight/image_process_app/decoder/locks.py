"""The locks of the decoders' room by name: what each keeps in, and what it takes."""

from collections.abc import Mapping
from typing import NamedTuple


class Lock(NamedTuple):
    """What a missing lock means, and what to do about it."""

    without: str
    remedy: str


_LINUX = "run it on Linux"

LOCKS: Mapping[str, Lock] = {
    "seccomp": Lock(
        "a decoder that was taken over may ask the kernel for anything that its user may: sockets, "
        "other processes, programs",
        "Linux on x86_64 or aarch64, and in a container a profile that allows `seccomp`, as "
        "Docker's own does",
    ),
    "landlock": Lock(
        "only seccomp keeps a decoder that was taken over from opening files",
        "Linux 5.13 with `landlock` among the modules in /sys/kernel/security/lsm (kernel "
        "parameter `lsm=`), and in a container a profile that allows the three `landlock_` calls",
    ),
    "no-new-privileges": Lock(
        "a decoder that was taken over may gain rights from programs that give them", _LINUX
    ),
    "undumpable": Lock("other processes of the same user may look into a decoder", _LINUX),
    "parent-death": Lock(
        "a decoder outlives a processor that is killed, until its picture is done", _LINUX
    ),
    "limits": Lock(
        "one picture may take more memory, time or files than it should",
        "hard limits (`ulimit -H -a`) no lower than those of docs/locked-room.md",
    ),
    "no-root": Lock(
        "decoders run as root, as the product does, and not as a user who owns nothing",
        "start the product as an ordinary user, or with CAP_SETUID, CAP_SETGID and CAP_KILL",
    ),
    "sealed-output": Lock(
        "a decoder that was taken over may change what it made until it is replaced", _LINUX
    ),
}


def in_words(missing: Mapping[str, str]) -> str:
    """One line about locks that are required and do not hold."""
    told = "; ".join(f"{name} ({why})" for name, why in missing.items())
    return (
        f"the room of the decoders can't be locked: {told}. docs/locked-room.md says what each "
        "lock takes; SAFELIGHT_DECODER_LOCKS=warn goes without"
    )

"""What one part is told and another has no use for."""

import os
import sys

import structlog

OF_THE_API = tuple(
    f"SAFELIGHT_{name}"
    for name in ("DATABASE_URL", "CACHE_URL", "ACCOUNTS_URL", "LINK_SECRET", "PRIVATE_KEY")
)

log = structlog.get_logger()


def forget() -> None:
    """Start this command anew without the API's secrets, if its environment has any: what a process
    was never told can't be stolen from it, and the kernel keeps what it was told at its start.
    """
    kept = {name: value for name, value in os.environ.items() if name.upper() not in OF_THE_API}
    if told := sorted(set(os.environ) - set(kept)):
        log.warning("starting anew without what a processor has no use for", forgotten=told)
        again = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, again, kept)  # noqa: S606 - it is this very command

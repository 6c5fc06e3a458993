"""What the API and the processor both need: the folder, the objects, the broker."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safelight.backends.objects import Objects
from safelight.backends.unusable import Unusable
from safelight.settings import Settings


def prepare_folder(folder: Path) -> None:
    """Make the data folder unless it is there; raises `Unusable` saying what is in the way."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unusable(f"can't make the data folder {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Unusable(f"the data folder {folder} is not writable: change that, or use --data-dir")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the data folder; raises `Unusable` while another Safelight holds it."""
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(
                f"another Safelight is using the data folder {folder}: stop it, "
                "or choose another with --data-dir"
            ) from None
        yield


def objects(settings: Settings) -> Objects:
    url = settings.resolved_objects_url()
    try:
        return Objects(url)
    except Exception as error:
        # Whatever a store says to its URL, whoever starts the product has to read it; below the
        # first line it only tells how it is made.
        reason = str(error).partition("\n")[0]
        raise Unusable(f"the object store {url} can't be used: {reason}") from None

"""Another key takes over: it is published, and signs once everybody knows it.

Both files are replaced whole, and what is between the two replacements is as good as before and
after: the former key signs, the new one is taken already. Whoever is cut off there begins again.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from safelight.backends import keyfiles
from safelight.backends.keyring import CheckingKey, written
from safelight.backends.unusable import Unusable


def rotate(
    private: Path, public: Path, tokens_live: timedelta, wait: Callable[[CheckingKey], None]
) -> tuple[CheckingKey, ...]:
    """Make a key, publish it, `wait` until everybody has read that, have it sign; raises
    `Unusable`. Returns all that are taken then, the one that signs first.

    The former key is taken for as long as `tokens_live` from now, which is to have room for the
    wait; others as long, or as was said of them before.
    """
    with _alone(private.parent):
        former, *others = keyfiles.read_keyring(private, public).checking
        now = datetime.now(UTC).replace(microsecond=0)
        end = now + tokens_live
        signing = keyfiles.new_key()
        new = CheckingKey(signing.public_key(), made=now)
        ending = [CheckingKey(o.key, o.made, min(o.until or end, end)) for o in others]
        ending = [key for key in ending if key.until and key.until > now]
        kept = (new, CheckingKey(former.key, former.made, end), *ending)
        keyfiles.write(public, written(kept))
        wait(new)
        keyfiles.write(private, keyfiles.pem_of(signing))
        return kept


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two at once would forget each other's keys."""
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise Unusable(f"{folder} can't be read: {error.strerror}") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Unusable("the keys are being rotated already") from None
    finally:
        os.close(fd)
